"""What may be put on top at a destination: a replica becomes the latest version of its key there,
so one that is not the latest at the source could hide a newer one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from operations.base import Store, Target
from operations.parameters import given
from operations.perform import refusal_of
from operations.replica import NOT_OLDER, NotReplicated, refused, told_as

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import HeadObjectOutputTypeDef

TO_SOURCE = {"404": "SrcObjectNotFound", "NoSuchKey": "SrcObjectNotFound"}


@dataclass(frozen=True)
class Seen:
    """A version as the store tells of it."""

    version_id: str | None
    head: HeadObjectOutputTypeDef | None
    """None where it is a delete marker."""
    is_latest: bool = False


def seen(store: Store, target: Target) -> Seen:
    """The listed version, and whether it is the latest of its key. Raises NotReplicated.

    The latest is asked for first: most listed versions are that, and need one request only.
    """
    latest = _latest(store, target)
    if latest and latest.version_id and latest.version_id == target.version_id:
        return Seen(latest.version_id, latest.head, is_latest=True)
    with told_as(TO_SOURCE, "SrcGetObjectNotPermitted"):
        listed = _look(store, target.address)
    # Not every store names the delete marker that it answers with: then one is as good as another.
    is_marker = listed.head is None and latest is not None and latest.head is None
    return Seen(listed.version_id, listed.head, is_marker and not (latest and latest.version_id))


def _latest(store: Store, target: Target) -> Seen | None:
    """The latest version; None where the store says that there is none."""
    with told_as({}, "SrcGetObjectNotPermitted"):
        try:
            return _look(store, {"Bucket": target.bucket, "Key": target.key})
        except ClientError as error:
            if refusal_of(error).http_status != 404:
                raise
    return None


def _look(store: Store, address: dict[str, Any]) -> Seen:
    try:
        head = store.s3.head_object(**address)
    except ClientError as error:
        if not is_marker(error):
            raise
        return Seen(headers_of(error).get("x-amz-version-id"), None)
    return Seen(head.get("VersionId"), head)


def is_marked(store: Store, bucket: str, key: str) -> bool:
    """True where the latest version of the key is a delete marker. Raises NotReplicated."""
    try:
        store.s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        outcome = refusal_of(error)
        if outcome.http_status not in (403, 404):
            raise NotReplicated(outcome) from None
        return is_marker(error)
    return False


def is_marker(error: ClientError) -> bool:
    """True where a refusal says that what was asked for is a delete marker."""
    return headers_of(error).get("x-amz-delete-marker", "").lower() == "true"


def headers_of(error: ClientError) -> dict[str, str]:
    return error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})


def require_older(store: Store, bucket: str, key: str, head: HeadObjectOutputTypeDef) -> Any:
    """The condition on which a version that is not the latest is copied: the destination has
    nothing of its key yet, or only what was written before this version. Raises NotReplicated.

    A replica has the date of its copying, which is later than that of the version. So what is older
    than the version is neither that of a newer one nor a delete marker for it. The condition is for
    the store, as other tasks copy versions of the same key meanwhile.
    """
    try:
        there = store.s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if is_marker(error):
            raise not_older(bucket) from None
        if refusal_of(error).http_status == 404:
            return {"IfNoneMatch": "*"}
        with told_as({}, "DstGetObjectNotPermitted"):
            raise
    if there["LastModified"] < head["LastModified"]:
        return given(IfMatch=there.get("ETag"))
    raise not_older(bucket)


def not_older(bucket: str) -> NotReplicated:
    return refused(
        NOT_OLDER,
        "The version is not the latest of its key, and would hide one in the bucket "
        f"{bucket} that may be newer",
    )
