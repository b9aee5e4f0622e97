"""Is Object Lock enabled on a bucket? Asked once, before the tasks that need it (spec.md 5.7)."""

from __future__ import annotations

from datetime import UTC, datetime

from botocore.exceptions import ClientError

from operations.base import Again, Store, Unfit
from operations.perform import refusal_of

NOT_ENABLED = "ObjectLockNotEnabled"
READ_PERMISSION = "s3:GetBucketObjectLockConfiguration"


def require_future(moment: datetime | None, parameter: str) -> None:
    """Raise Unfit for the end of a lock that is over: every task would be refused for it."""
    if moment is not None and moment <= datetime.now(UTC):
        raise Unfit("InvalidRequest", "Give a date in the future.", parameter=parameter)


def require_object_lock(store: Store, bucket: str) -> None:
    """Raise Unfit unless the store says that Object Lock is enabled on the bucket.

    A store that does not know the question (501, 405) has not said so, and fails the job as well:
    one that has Object Lock answers it, so that each of a million tasks would be refused. Faults
    that may pass are raised as botocore's errors.
    """
    try:
        reply = store.s3.get_object_lock_configuration(Bucket=bucket)
    except ClientError as error:
        raise _unfit(error, bucket) or error from None
    if reply.get("ObjectLockConfiguration", {}).get("ObjectLockEnabled") != "Enabled":
        raise Unfit(NOT_ENABLED, f"Object Lock is not enabled on the bucket {bucket}.")


def _unfit(error: ClientError, bucket: str) -> Unfit | None:
    """What a refusal means for the job; None for a fault that may pass."""
    refusal = refusal_of(error)
    if refusal.again != Again.NEVER:
        return None
    code, status = refusal.error_code, refusal.http_status
    if code == "ObjectLockConfigurationNotFoundError":
        return Unfit(NOT_ENABLED, f"Object Lock is not enabled on the bucket {bucket}.")
    why = f"The store does not say that Object Lock is enabled on the bucket {bucket}: {code}."
    if status == 403:
        return Unfit(NOT_ENABLED, f"{why} The role needs {READ_PERMISSION}.")
    if status in {405, 501}:
        return Unfit(NOT_ENABLED, f"{why} It seems to have no Object Lock.")
    return Unfit(NOT_ENABLED, why)
