"""The first rows of a results file, under the names that its columns really have.

A report says that ErrorCode comes before HTTPStatusCode; its rows have them the other way round, as
those of AWS (spec.md 6.3).
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from jobs import services
from jobs.errors import NotFound
from jobs.models import ReportFile
from jobs.pages.access import PageRequest, signed_in
from jobs.pages.progress import Progress
from jobs.spool import spool

COLUMNS = (
    "Bucket",
    "Key",
    "VersionId",
    "TaskStatus",
    "HTTPStatusCode",
    "ErrorCode",
    "ResultMessage",
)
RESULTS = (ReportFile.Kind.SUCCEEDED, ReportFile.Kind.FAILED)
HEAD_BYTES = 256 * 1024
MOST_ROWS = 50


@dataclass(frozen=True)
class Preview:
    """The beginning of a results file."""

    file: ReportFile
    rows: Sequence[Sequence[str]]

    @property
    def is_whole(self) -> bool:
        """True where there are no other rows."""
        return len(self.rows) == self.file.rows


def preview_of(file: ReportFile) -> Preview:
    """Its first rows; one that is cut off by the end of what is read does not count."""
    with spool.open(file.spool_name) as content:
        head = content.read(HEAD_BYTES)
    whole = head if len(head) == file.size else head[: head.rfind(b"\n") + 1]
    rows = csv.reader(whole.decode(errors="replace").splitlines(keepends=True))
    return Preview(file, [row for row in rows if len(row) == len(COLUMNS)][:MOST_ROWS])


@signed_in
@require_safe
def job_report_preview(request: PageRequest, pk: UUID, file: int) -> HttpResponseBase:
    """The first rows of one of the job's results files."""
    job = services.job_of(request.user, pk)
    found = job.report_files.filter(pk=file, kind__in=RESULTS).first()
    if found is None:
        raise NotFound("The report has no such results file.")
    context = {
        "job": job,
        "progress": Progress(job),
        "preview": preview_of(found),
        "columns": COLUMNS,
    }
    return render(request, "jobs/preview.html", context)
