"""The lock of a version that is to be replicated: nobody may lose it without a word.

AWS leaves the lock out of HeadObject where the role may not read it, as if there was none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from operations.base import Again, Store, Target
from operations.bucket_memory import BucketMemory
from operations.perform import refusal_of
from operations.replica import told_as

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import HeadObjectOutputTypeDef

NO_LOCK = {
    *("NoSuchObjectLockConfiguration", "ObjectLockConfigurationNotFoundError"),
    *("InvalidRequest", "NotImplemented", "MethodNotAllowed"),
}
"""By these a store says that there is no lock, or that it knows of none."""


def has_object_lock(s3: S3Client, bucket: str) -> bool:
    """False where the store says that the bucket has no Object Lock. Raises ClientError."""
    try:
        reply = s3.get_object_lock_configuration(Bucket=bucket)
    except ClientError as error:
        refused = refusal_of(error)
        if refused.again is not Again.NEVER:
            raise
        return refused.http_status == 403  # perhaps; then each version is asked
    return reply.get("ObjectLockConfiguration", {}).get("ObjectLockEnabled") == "Enabled"


remembered_object_lock = BucketMemory(has_object_lock)


def with_lock(
    store: Store, target: Target, head: HeadObjectOutputTypeDef
) -> HeadObjectOutputTypeDef:
    """What the store said of the version, with its lock where it was left out.

    Raises NotReplicated where the role may not read the lock.
    """
    with told_as({}, "SrcGetRetentionNotPermitted"):
        if not remembered_object_lock(store.s3, target.bucket):
            return head
    lock: dict[str, Any] = {}
    if "ObjectLockMode" not in head:
        asked = _ask(store.s3.get_object_retention, target, "SrcGetRetentionNotPermitted")
        retention = asked.get("Retention", {})
        names = {"Mode": "ObjectLockMode", "RetainUntilDate": "ObjectLockRetainUntilDate"}
        lock |= {names[name]: value for name, value in retention.items() if name in names}
    if "ObjectLockLegalHoldStatus" not in head:
        asked = _ask(store.s3.get_object_legal_hold, target, "SrcGetLegalHoldNotPermitted")
        if status := asked.get("LegalHold", {}).get("Status"):
            lock["ObjectLockLegalHoldStatus"] = status
    return cast("HeadObjectOutputTypeDef", {**head, **lock})


def _ask(call: Callable[..., Any], target: Target, forbidden: str) -> Any:
    """The store's answer about the version; empty where there is no lock. Raises NotReplicated."""
    with told_as({}, forbidden):
        try:
            return call(**target.address)
        except ClientError as error:
            if refusal_of(error).error_code not in NO_LOCK:
                raise
    return {}
