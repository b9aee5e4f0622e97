"""Rows and spool files as the engine leaves them; conftest.py hands these out as fixtures."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from jobs.delivery import report_key
from jobs.manifests import join_rows
from jobs.models import Job, Manifest, Part, ReportFile, Slice
from jobs.results import FAILED, SUCCEEDED, right_half
from jobs.spool import Receipt, spool
from jobs.status import FINAL, JobStatus

if TYPE_CHECKING:
    from operations.base import Outcome

TWO_ROWS = ("photos,a.jpg", "photos,b.jpg")


def make_slice(job: Job, rows: Sequence[str] = TWO_ROWS, **values: Any) -> Slice:
    """A slice with its task file."""
    number = values.setdefault("number", job.slices.count() + 1)
    keys = sorted(row.split(",")[1] for row in rows)
    content = join_rows(row.encode() for row in rows)
    receipt = spool.put(f"jobs/{job.pk}/{number:08d}.tasks", content)
    defaults: dict[str, Any] = {
        "job": job,
        "size": len(rows),
        "least_key": keys[0],
        "greatest_key": keys[-1],
        "task_file": receipt.name,
        "task_bytes": receipt.size,
        "task_sha256": receipt.sha256,
    }
    return Slice.objects.create(**{**defaults, **values})


def make_part(of: Slice, outcomes: Sequence[Outcome]) -> Part:
    """The next stretch of a slice, committed with these outcomes, counted in slice and job."""
    start, end = of.next_index, of.next_index + len(outcomes)
    receipt, lines = _result_file(of, start, outcomes)
    succeeded = sum(said.succeeded for said in outcomes)
    failed = len(outcomes) - succeeded
    of.next_index = of.started_upto = end
    for row in (of, of.job):
        row.succeeded, row.failed = row.succeeded + succeeded, row.failed + failed
        row.save()
    return Part.objects.create(
        job=of.job,
        slice=of,
        start=start,
        end=end,
        succeeded=succeeded,
        failed=failed,
        deferred=0,
        result_file=receipt.name,
        result_bytes=receipt.size,
        result_sha256=receipt.sha256,
        result_lines=lines,
    )


def _result_file(of: Slice, start: int, outcomes: Sequence[Outcome]) -> tuple[Receipt, int]:
    plain = of.job.operation_type.plain_success
    lines = [
        b"%d %s %s\n" % (index, SUCCEEDED if said.succeeded else FAILED, right_half(said))
        for index, said in enumerate(outcomes, start)
        if said != plain
    ]
    if not lines:
        return Receipt(), 0
    name = f"jobs/{of.job_id}/{of.number:08d}-{of.epoch}-{start}.results"
    return spool.put(name, b"".join(lines)), len(lines)


def make_report_file(job: Job, content: bytes, **values: Any) -> ReportFile:
    """A file of a job's report, with its content in the spool."""
    name = values.pop("name", "results/0123456789abcdef0123456789abcdef01234567.csv")
    defaults: dict[str, Any] = {
        "kind": ReportFile.Kind.FAILED,
        "key": report_key(job, name),
        "spool_name": f"jobs/{job.pk}/report-1/{name}",
        "size": len(content),
        "md5": hashlib.md5(content, usedforsecurity=False).hexdigest(),
        "rows": content.count(b"\n"),
    }
    keep(defaults["spool_name"], content)
    return ReportFile.objects.create(job=job, **{**defaults, **values})


def keep(name: str, content: bytes) -> None:
    """Put a file into the spool as it is."""
    with spool.writing(name) as out:
        out.write(content)


def content_of(manifest: Manifest) -> bytes:
    """What an uploaded or mended manifest holds."""
    with spool.open(manifest.upload) as file:
        content: bytes = file.read()
    return content


def dates_of(status: JobStatus) -> dict[str, Any]:
    """The dates that a job in that status would have."""
    now = timezone.now()
    if status == JobStatus.SUSPENDED:
        return {"suspended_at": now, "suspended_cause": "AWAITING_CONFIRMATION"}
    if status == JobStatus.ACTIVE:
        return {"active_since": now - timedelta(minutes=1)}
    if status in FINAL:
        return {"terminated_at": now, "active_time": timedelta(seconds=90)}
    return {}
