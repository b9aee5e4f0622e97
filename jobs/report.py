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
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.db.models import Sum

from jobs.database import write
from jobs.delivery import deliver, report_key
from jobs.errors import JobFailure
from jobs.models import Job, Part, ReportFile
from jobs.report_files import results_files, spool_name
from jobs.spool import spool
from jobs.status import JobStatus

if TYPE_CHECKING:
    from jobs.lanes import JobClaim

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
    files = results_files(claim)
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


def _small(claim: JobClaim, kind: ReportFile.Kind, name: str, content: bytes) -> ReportFile:
    place = spool_name(claim, name)
    with spool.writing(place) as out:
        out.write(content)
    return ReportFile(
        job=claim.job,
        kind=kind,
        key=report_key(claim.job, name),
        spool_name=place,
        size=len(content),
        md5=hashlib.md5(content, usedforsecurity=False).hexdigest(),
    )
