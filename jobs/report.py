"""Finishing: the parts of a job joined into its completion report (spec.md section 6, design
decision 18).

The report is always built into the spool, for download, when at least one task was executed; it is
uploaded where the job asks for it. Results files come first, then manifest.json, then its md5, so
that a reader who sees the last sees all. A results file is named by the SHA-1 of (job, kind,
number): a finish that is repeated overwrites what it wrote before.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.db.models import Sum

from jobs import results
from jobs.database import write
from jobs.delivery import deliver, report_key
from jobs.errors import JobFailure
from jobs.models import Job, Part, ReportFile, Slice
from jobs.spool import spool
from jobs.status import JobStatus

if TYPE_CHECKING:
    from jobs.lanes import JobClaim

ROWS_PER_FILE = 1_000_000
SCHEMA = "Bucket, Key, VersionId, TaskStatus, ErrorCode, HTTPStatusCode, ResultMessage"
"""As AWS declares it; the rows have HTTPStatusCode before ErrorCode, as AWS writes them (spec.md
6.3).
"""
ENDS = {
    JobStatus.COMPLETING: JobStatus.COMPLETE,
    JobStatus.CANCELLING: JobStatus.CANCELLED,
    JobStatus.FAILING: JobStatus.FAILED,
}


def finish(claim: JobClaim) -> None:
    """Check the totals, write the report, and end the job. Raises JobFailure, LeaseLost, botocore's
    errors.
    """
    job = claim.job
    check_totals(job)
    files = build(claim) if job.executed else []
    if job.report_enabled and files:
        deliver(claim, files)
    with write():
        claim.lease.renew()
        job.report_files.all().delete()
        ReportFile.objects.bulk_create(files)
        job.become(
            ENDS[job.state],
            actor="system",
            start=frozenset({job.state}),
            owner="",
            lease_until=None,
            errors=0,
            failure_reasons=job.failure_reasons,
        )


def check_totals(job: Job) -> None:
    """Refuse to end a job whose counters are not the sum of its parts (design decision 7)."""
    summed = Part.objects.filter(job=job).aggregate(s=Sum("succeeded"), f=Sum("failed"))
    counted = (summed["s"] or 0, summed["f"] or 0)
    if counted != (job.succeeded, job.failed):
        raise JobFailure(
            "TotalsDiffer",
            f"The parts sum up to {counted}, the job counts {(job.succeeded, job.failed)}.",
        )
    if job.state == JobStatus.COMPLETING and job.executed != job.total_tasks:
        raise JobFailure(
            "TotalsDiffer", f"{job.executed} of {job.total_tasks} tasks have a result."
        )


# ---- building


def build(claim: JobClaim) -> list[ReportFile]:
    """The report's files in the spool, in the order in which they are to be uploaded."""
    job = claim.job
    files = [*_results(claim, ReportFile.Kind.SUCCEEDED), *_results(claim, ReportFile.Kind.FAILED)]
    manifest = json.dumps(
        {
            "Format": "Report_CSV_20180820",
            "ReportCreationDate": datetime.now(UTC)
            .isoformat(timespec="milliseconds")
            .replace("+00:00", "Z"),
            "Results": [
                {
                    "TaskExecutionStatus": file.kind,
                    "Bucket": job.report_bucket,
                    "MD5Checksum": file.md5,
                    "Key": file.key,
                }
                for file in files
            ],
            "ReportSchema": SCHEMA,
        }
    ).encode()
    checksum = hashlib.md5(manifest, usedforsecurity=False).hexdigest().encode() + b"\n"
    return [
        *files,
        _small(claim, ReportFile.Kind.MANIFEST, "manifest.json", manifest),
        _small(claim, ReportFile.Kind.CHECKSUM, "manifest.json.md5", checksum),
    ]


def _results(claim: JobClaim, kind: ReportFile.Kind) -> Iterator[ReportFile]:
    """The results files of one kind, at most ROWS_PER_FILE rows each."""
    job = claim.job
    if kind == ReportFile.Kind.SUCCEEDED and job.report_scope == Job.ReportScope.FAILED_TASKS_ONLY:
        return
    mark = results.SUCCEEDED if kind == ReportFile.Kind.SUCCEEDED else results.FAILED
    lines = _lines(claim, mark)
    number, line = 1, next(lines, None)
    while line is not None:
        seed = f"{job.pk} {kind} {number}".encode()
        name = f"results/{hashlib.sha1(seed, usedforsecurity=False).hexdigest()}.csv"
        spool_name = _spool_name(claim, name)
        md5, size, rows = hashlib.md5(usedforsecurity=False), 0, 0
        with spool.writing(spool_name) as out:
            while line is not None and rows < ROWS_PER_FILE:
                md5.update(line)
                size += out.write(line)
                rows += 1
                line = next(lines, None)
        yield ReportFile(
            job=job,
            kind=kind,
            number=number,
            key=report_key(job, name),
            spool_name=spool_name,
            size=size,
            md5=md5.hexdigest(),
            rows=rows,
        )
        number += 1


def _lines(claim: JobClaim, wanted: bytes) -> Iterator[bytes]:
    """The report rows of one kind, part after part, with flat memory."""
    job = claim.job
    has_versions = job.manifest.has_versions
    plain = results.right_half(job.operation_type.plain_success)
    counted = "succeeded" if wanted == results.SUCCEEDED else "failed"
    parts = job.parts.filter(**{f"{counted}__gt": 0}).order_by("slice_id", "start")
    slice_, rows = None, []
    for part in parts.iterator(chunk_size=500):
        claim.lease.renew_when_due()
        if slice_ is None or slice_.pk != part.slice_id:
            slice_ = Slice.objects.get(pk=part.slice_id)
            rows = results.task_rows(slice_)
        for _, kind, row, right in results.executed(part, rows, plain):
            if kind == wanted:
                yield b"%s,%s\n" % (results.left_half(row, has_versions=has_versions), right)


def _small(claim: JobClaim, kind: ReportFile.Kind, name: str, content: bytes) -> ReportFile:
    spool_name = _spool_name(claim, name)
    with spool.writing(spool_name) as out:
        out.write(content)
    return ReportFile(
        job=claim.job,
        kind=kind,
        key=report_key(claim.job, name),
        spool_name=spool_name,
        size=len(content),
        md5=hashlib.md5(content, usedforsecurity=False).hexdigest(),
    )


def _spool_name(claim: JobClaim, name: str) -> str:
    """Named by the fence, so that a sleeper who wakes up overwrites nothing."""
    return f"jobs/{claim.job.pk}/report-{claim.job.epoch}/{name}"
