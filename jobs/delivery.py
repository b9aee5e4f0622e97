"""The completion report on its way into the user's bucket."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from jobs import stores
from jobs.errors import JobFailure
from jobs.leases import held_during
from jobs.models import Job, ReportFile
from jobs.spool import spool

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from jobs.lanes import JobClaim

NO_SSE = {
    "NotImplemented",
    "InvalidArgument",
    "InvalidRequest",
    "ServerSideEncryptionConfigurationNotFoundError",
}
MAY_PASS = {429, 500, 502, 503, 504}
IMPOSSIBLE = {"ReportWriteFailed", "BucketOwnerMismatch"}
"""Failure codes of a job whose report cannot be delivered."""


def report_key(job: Job, name: str) -> str:
    """Where a file of the report lies in the bucket: {Prefix}/job-{JobId}/{name}, with exactly one
    slash.
    """
    prefix = job.report_prefix.rstrip("/")
    return f"{prefix}/job-{job.pk}/{name}" if prefix else f"job-{job.pk}/{name}"


def is_refused(job: Job) -> bool:
    """True where it was found that the report cannot be delivered."""
    return any(told["FailureCode"] in IMPOSSIBLE for told in job.failure_reasons)


def location_of(job: Job, *, has_files: bool) -> str:
    """Where the report is in the user's bucket, or will be; empty where it never is."""
    if not job.report_enabled or (job.is_final and (not has_files or is_refused(job))):
        return ""
    return f"s3://{job.report_bucket}/{report_key(job, 'manifest.json')}"


def check_report(job: Job, *, timeout: int = 0) -> None:
    """Find out whether the report can be written. Raises JobFailure, botocore's errors.

    `timeout`: as for `stores.check_writable`.
    """
    key = report_key(job, "manifest.json")
    stores.check_writable(
        job.role, job.report_bucket, key, job.report_expected_owner, timeout=timeout
    )


def deliver(claim: JobClaim, files: list[ReportFile]) -> None:
    """Upload the report, unless that was found to be impossible before: then the job ends all the
    same, and says so.
    """
    if not is_refused(claim.job):
        upload(claim, files)


def upload(claim: JobClaim, files: list[ReportFile]) -> None:
    """Put the report into the user's bucket, SSE-S3 encrypted where the store knows that.

    Raises JobFailure when the store refuses, botocore's errors when a later try
    may do better.
    """
    s3 = stores.s3_for(claim.job.role)
    for file in files:
        try:
            _put(s3, claim, file, {"ServerSideEncryption": "AES256"})
        except ClientError as error:
            if error.response["Error"]["Code"] not in NO_SSE:
                raise _refused(error, claim.job) from None
            try:
                _put(s3, claim, file, {})
            except ClientError as again:
                raise _refused(again, claim.job) from None


def _refused(error: ClientError, job: Job) -> ClientError | JobFailure:
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    if status == 403 and job.report_expected_owner:
        try:
            check_report(job)
        except JobFailure as failure:
            return failure
    return error if status in MAY_PASS else stores.report_refused(error, job.report_bucket)


def _put(s3: S3Client, claim: JobClaim, file: ReportFile, extra: dict[str, str]) -> None:
    """One file, in multipart uploads of flat memory; boto3 aborts an upload that fails."""
    kind = "application/json" if file.kind == ReportFile.Kind.MANIFEST else "text/csv"
    owner = stores.owned_by(claim.job.report_expected_owner)
    with spool.open(file.spool_name) as content:
        upload = partial(
            s3.upload_fileobj,
            content,
            claim.job.report_bucket,
            file.key,
            ExtraArgs={"ContentType": kind, **extra, **owner},
            Config=TransferConfig(use_threads=False),
        )
        held_during(claim.lease, upload)
