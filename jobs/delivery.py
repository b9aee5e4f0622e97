"""The completion report on its way into the user's bucket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from jobs import stores
from jobs.errors import JobFailure
from jobs.models import ReportFile
from jobs.spool import spool
from jobs.status import JobStatus

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from jobs.lanes import JobClaim

NO_SSE = {
    "NotImplemented",
    "InvalidArgument",
    "InvalidRequest",
    "ServerSideEncryptionConfigurationNotFoundError",
}


def deliver(claim: JobClaim, files: list[ReportFile]) -> None:
    """A job that ends early ends all the same if its report cannot be uploaded, and says so."""
    job = claim.job
    if any(told["FailureCode"] == "ReportWriteFailed" for told in job.failure_reasons):
        return
    try:
        upload(claim, files)
    except JobFailure as failure:
        if job.state == JobStatus.COMPLETING:
            raise
        told = {"FailureCode": failure.code, "FailureReason": failure.reason}
        job.failure_reasons = [*job.failure_reasons, told]


def upload(claim: JobClaim, files: list[ReportFile]) -> None:
    """Put the report into the user's bucket, SSE-S3 encrypted where the store knows that.

    Raises JobFailure ReportWriteFailed when the store refuses.
    """
    s3 = stores.s3_for(claim.job.role)
    for file in files:
        try:
            _put(s3, claim, file, {"ServerSideEncryption": "AES256"})
        except ClientError as error:
            if error.response["Error"]["Code"] not in NO_SSE:
                raise stores.report_refused(error, claim.job.report_bucket) from None
            try:
                _put(s3, claim, file, {})
            except ClientError as again:
                raise stores.report_refused(again, claim.job.report_bucket) from None


def _put(s3: S3Client, claim: JobClaim, file: ReportFile, extra: dict[str, str]) -> None:
    """One file, in multipart uploads of flat memory; boto3 aborts an upload that fails."""
    kind = "application/json" if file.kind == ReportFile.Kind.MANIFEST else "text/csv"
    with spool.open(file.spool_name) as content:
        s3.upload_fileobj(
            content,
            claim.job.report_bucket,
            file.key,
            ExtraArgs={"ContentType": kind, **extra},
            Callback=lambda _: claim.lease.renew_when_due(),
            Config=TransferConfig(use_threads=False),
        )
