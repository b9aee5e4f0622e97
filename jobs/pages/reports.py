"""The completion report on the job's page, its files as downloads from the spool, and the rows that
no report can tell of.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import PurePosixPath
from uuid import UUID

from django.http import FileResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from jobs import services
from jobs.delivery import is_refused, location_of
from jobs.doubt import RowsInDoubt
from jobs.errors import NotFound
from jobs.models import Job, ReportFile
from jobs.pages.access import PageRequest, signed_in
from jobs.pages.preview import RESULTS
from jobs.spool import spool

BLOCK = 256 * 1024


class Report:
    """What the page says of a job's report."""

    def __init__(self, job: Job) -> None:
        self.job = job

    @cached_property
    def files(self) -> list[ReportFile]:
        """In the order in which they were written."""
        return list(self.job.report_files.all()) if self.job.is_final else []

    @property
    def location(self) -> str:
        """Where it is in the user's bucket, or will be; empty where it never is."""
        return location_of(self.job, has_files=bool(self.files))

    @property
    def note(self) -> str:
        """Why there is none, or why it is only here."""
        if not self.job.is_final:
            return "The report is written when the job ends." if self.location else NOT_ASKED_FOR
        if not self.job.executed:
            return "There is no report: no task was executed."
        if not self.files:
            return "The report could not be written; the reason stands above."
        if self.job.report_enabled and is_refused(self.job):
            return "It could not be written to the bucket, but can be downloaded here for 90 days."
        if not self.location:
            return f"{NOT_ASKED_FOR} It can be downloaded here for 90 days."
        return ""

    @property
    def has_many_results(self) -> bool:
        """True where one download of all rows spares work."""
        return sum(file.kind in RESULTS for file in self.files) > 1


NOT_ASKED_FOR = "No report in a bucket was asked for."


@signed_in
@require_safe
def job_report_file(request: PageRequest, pk: UUID, file: int) -> HttpResponseBase:
    """One file of the report."""
    job = services.job_of(request.user, pk)
    found = job.report_files.filter(pk=file).first()
    if found is None:
        raise NotFound("The report has no such file.")
    return FileResponse(
        spool.open(found.spool_name),
        as_attachment=True,
        filename=_filename(found),
        content_type=_content_type(found),
    )


def _filename(file: ReportFile) -> str:
    """Results are named by a hash in the bucket; on a disk the job and the kind tell more."""
    if file.kind not in RESULTS:
        return PurePosixPath(file.key).name
    return f"job-{file.job_id}-{file.kind}-{file.number}.csv"


def _content_type(file: ReportFile) -> str:
    if file.kind == ReportFile.Kind.MANIFEST:
        return "application/json"
    return "text/csv; charset=utf-8" if file.kind in RESULTS else "text/plain"


@signed_in
@require_safe
def job_report(request: PageRequest, pk: UUID) -> HttpResponseBase:
    """All rows of the report as one CSV: results files have no header, so they can be joined."""
    job = services.job_of(request.user, pk)
    files = list(job.report_files.filter(kind__in=RESULTS))
    if not files:
        raise NotFound("The job has no report.")
    response = StreamingHttpResponse(_rows(files), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="job-{job.pk}.csv"'
    response["Content-Length"] = str(sum(file.size for file in files))
    return response


def _rows(files: list[ReportFile]) -> Iterator[bytes]:
    for file in files:
        with spool.open(file.spool_name) as content:
            while block := content.read(BLOCK):
                yield block


@signed_in
@require_safe
def job_in_doubt(request: PageRequest, pk: UUID) -> HttpResponseBase:
    """The rows in doubt, as a list that another job can take."""
    rows = RowsInDoubt(services.job_of(request.user, pk))
    return StreamingHttpResponse(
        rows.blocks(), content_type="text/csv; charset=utf-8", headers=rows.headers
    )
