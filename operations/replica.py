"""One replica of one object version: how it is copied, and what the store's refusals mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from botocore.exceptions import ClientError

from operations.base import Again, Outcome, Store, Target
from operations.client_events import FAULTS, needed
from operations.copy_outcomes import LARGEST_COPY, NO_COPY_RESULT
from operations.parameters import given
from operations.perform import failure, refusal_of
from operations.replication_rules import Rule

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import HeadObjectOutputTypeDef

PART_SIZE = 1024 * 1024 * 1024
MOST_PARTS = 10_000

NOT_OLDER = "DstVersionNotOlder"
"""Our own code, which AWS has no need of: the destination has a version that may be newer."""

TO_DESTINATION = {
    "PreconditionFailed": NOT_OLDER,
    "ConditionalRequestConflict": NOT_OLDER,
    "NoSuchBucket": "DstBucketNotFound",
    "ObjectLockConfigurationNotFoundError": "DstBucketObjectLockConfigMissing",
    "PermanentRedirect": "DstBucketInvalidRegion",
    "AuthorizationHeaderMalformed": "DstBucketInvalidRegion",
    "KMS.NotFoundException": "DstKmsKeyNotFound",
    "KMS.DisabledException": "DstKmsKeyInvalidState",
    "KMS.KMSInvalidStateException": "DstKmsKeyInvalidState",
    "NoSuchKey": "SrcObjectNotFound",
    "NoSuchVersion": "SrcObjectNotFound",
}
"""AWS's failure codes of replication for what a destination says."""

KEPT = (
    *("CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage", "ContentType"),
    *("Metadata", "Expires"),
)
"""What CopyObject keeps by itself and a multipart upload has to be told."""


class NotReplicated(Exception):
    """The replica could not be made; `outcome` says why."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        super().__init__(outcome.error_code)


def refused(code: str, message: str) -> NotReplicated:
    """A refusal of our own, with the HTTP status that AWS's reports have for one."""
    return NotReplicated(failure(500, code, message, Again.NEVER))


@contextmanager
def told_as(codes: Mapping[str, str], forbidden: str) -> Iterator[None]:
    """Give a refusal of the store AWS's code of replication: by its code, or `forbidden` for 403.

    What may be tried again keeps its own code. Raises NotReplicated.
    """
    try:
        yield
    except ClientError as error:
        outcome = refusal_of(error)
        if outcome.again is Again.NEVER:
            unknown = forbidden if outcome.http_status == 403 else outcome.error_code
            code = codes.get(outcome.error_code, unknown)
            if "Bucket is missing Object Lock" in outcome.message:
                code = "DstBucketObjectLockConfigMissing"
            outcome = replace(outcome, error_code=code)
        raise NotReplicated(outcome) from None


@dataclass(frozen=True)
class Replica:
    """A version on its way into a rule's bucket."""

    store: Store
    target: Target
    head: HeadObjectOutputTypeDef
    rule: Rule
    condition: Mapping[str, Any] = field(default_factory=dict)
    """What must be true of the destination, as arguments of the call that makes the replica."""

    def make(self) -> None:
        """Copy the version under its own key. Raises NotReplicated, botocore's errors."""
        if self.head["ContentLength"] > LARGEST_COPY:
            self.copy_in_parts()
            return
        with told_as(TO_DESTINATION, "DstPutObjectNotPermitted"):
            reply = self.store.s3.copy_object(
                **self.place, **self.arguments(), **self.condition, CopySource=self.source
            )
        if not reply["CopyObjectResult"].get("ETag"):
            raise NotReplicated(NO_COPY_RESULT)

    @property
    def place(self) -> dict[str, Any]:
        return {"Bucket": self.rule.bucket, "Key": self.target.key}

    @property
    def source(self) -> Any:
        return self.target.address

    def arguments(self) -> dict[str, Any]:
        """How the replica is kept: as its source, unless the rule says otherwise."""
        head, rule = self.head, self.rule
        kms_key = rule.kms_key if is_under_kms(head) else None
        until = head.get("ObjectLockRetainUntilDate")
        is_locked = until is not None and until > datetime.now(UTC)
        return given(
            StorageClass=rule.storage_class or head.get("StorageClass"),
            ACL="bucket-owner-full-control" if rule.owner else None,
            ExpectedBucketOwner=rule.owner,
            ServerSideEncryption="aws:kms" if kms_key else None,
            SSEKMSKeyId=kms_key,
            WebsiteRedirectLocation=head.get("WebsiteRedirectLocation"),
            ObjectLockMode=head.get("ObjectLockMode") if is_locked else None,
            ObjectLockRetainUntilDate=until if is_locked else None,
            ObjectLockLegalHoldStatus=head.get("ObjectLockLegalHoldStatus"),
        )

    def copy_in_parts(self) -> None:
        """Copy what is too large for one call; what was begun and failed leaves nothing behind."""
        kept: dict[str, Any] = {name: value for name, value in self.head.items() if name in KEPT}
        if tags := tags_of(self.store, self.target):
            kept["Tagging"] = urlencode(tags)
        with told_as(TO_DESTINATION, "DstMultipartInitNotPermitted"):
            upload = self.store.s3.create_multipart_upload(**self.place, **self.arguments(), **kept)
        begun: dict[str, Any] = {**self.place, "UploadId": needed(upload, "UploadId")}
        try:
            parts = self.copy_parts(begun)
            with told_as(TO_DESTINATION, "DstMultipartCompleteNotPermitted"):
                self.store.s3.complete_multipart_upload(
                    **begun, **self.condition, MultipartUpload={"Parts": parts}
                )
        except BaseException:
            with suppress(*FAULTS):
                self.store.s3.abort_multipart_upload(**begun)
            raise

    def copy_parts(self, begun: dict[str, Any]) -> Any:
        """Copy the parts one after the other; their numbers and ETags."""
        parts = []
        for number, (first, last) in enumerate(ranges(self.head["ContentLength"]), 1):
            with told_as(TO_DESTINATION, "DstMultipartUploadNotPermitted"):
                reply = self.store.s3.upload_part_copy(
                    **begun,
                    PartNumber=number,
                    CopySource=self.source,
                    CopySourceRange=f"bytes={first}-{last}",
                )
            parts.append({"PartNumber": number, "ETag": needed(reply["CopyPartResult"], "ETag")})
        return parts


def is_under_kms(head: HeadObjectOutputTypeDef) -> bool:
    """True where the version is encrypted with a key of the KMS: only for those a rule has one."""
    return head.get("ServerSideEncryption", "").startswith("aws:kms")


def ranges(size: int) -> Iterator[tuple[int, int]]:
    """First and last byte of each part."""
    step = max(PART_SIZE, -(-size // MOST_PARTS))
    for first in range(0, size, step):
        yield first, min(first + step, size) - 1


def tags_of(store: Store, target: Target) -> dict[str, str]:
    """The tags of the version. Raises NotReplicated."""
    with told_as({}, "SrcGetTaggingNotPermitted"):
        reply = store.s3.get_object_tagging(**target.address)
    return {tag["Key"]: tag["Value"] for tag in needed(reply, "TagSet")}
