"""Copy: copy each object to a bucket, in the same account or another (spec.md 5.1)."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Literal, Self

from botocore.exceptions import ClientError
from pydantic import Field, model_validator

from operations.base import Operation, Outcome, Store, Target, success_of
from operations.client_events import needed
from operations.copy_conflicts import conflicts
from operations.copy_outcomes import LARGEST_COPY, NO_COPY_RESULT, TOO_LARGE
from operations.grants import Grant, grant_arguments
from operations.new_object_metadata import NewObjectMetadata
from operations.object_lock import require_future
from operations.parameters import (
    BucketArn,
    CannedAccessControlList,
    ChecksumAlgorithm,
    EventHoldDuration,
    Flag,
    HeaderText,
    StorageClass,
    TagSet,
    Timestamp,
    bucket_of,
    given,
    tagging_header,
)

ETAG = re.compile(rb"<(\w+:)?ETag>[^<]")


class PutObjectCopy(Operation):
    """Copy each object to a bucket, with the metadata, tags and storage class you choose."""

    name: ClassVar[str] = "S3PutObjectCopy"
    label: ClassVar[str] = "Copy"
    call: ClassVar[str] = "copy_object"
    permissions: ClassVar[tuple[str, ...]] = (
        *("s3:GetObject", "s3:GetObjectAcl", "s3:GetObjectTagging", "s3:ListBucket"),
        *("s3:GetObjectVersion", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging"),
        *("s3:PutObject", "s3:PutObjectAcl", "s3:PutObjectTagging"),
    )

    target_resource: BucketArn = Field(
        title="Destination bucket",
        description="The ARN of the bucket to copy to, such as arn:aws:s3:::archive.",
    )
    target_key_prefix: Annotated[str, Field(min_length=1, max_length=1024)] | None = Field(
        default=None,
        title="Destination folder",
        description="A folder for the copies: folder, a slash, then the key of the source.",
    )
    storage_class: StorageClass | None = Field(
        default=None, title="Storage class", description="Without one, the store's default."
    )
    metadata_directive: Literal["COPY", "REPLACE"] | None = Field(
        default=None,
        title="Metadata",
        description="COPY that of the source, or REPLACE it by the metadata given here. Without a "
        "choice, it is replaced if any is given.",
    )
    new_object_metadata: NewObjectMetadata | None = Field(
        default=None, title="New metadata", description="Metadata and encryption of the copies."
    )
    annotation_directive: Literal["COPY", "EXCLUDE"] | None = Field(
        default=None, title="Annotations", description="COPY those of the source, or EXCLUDE them."
    )
    new_object_tagging: TagSet | None = Field(
        default=None,
        title="New tags",
        description="The tags of the copies, at most 10. Not given: the tags of the source. "
        "An empty list: no tags.",
    )
    canned_access_control_list: CannedAccessControlList | None = Field(
        default=None, title="Canned ACL", description="Ready-made access. Not together with grants."
    )
    access_control_grants: tuple[Grant, ...] | None = Field(
        default=None,
        title="Grants",
        description="Who may do what with the copies. Not together with a canned ACL.",
    )
    modified_since_constraint: Timestamp | None = Field(
        default=None,
        title="Modified since",
        description="Copy only what was modified after; the rest fails.",
    )
    un_modified_since_constraint: Timestamp | None = Field(
        default=None,
        title="Not modified since",
        description="Copy only what was not; the rest fails.",
    )
    sse_aws_kms_key_id: Annotated[HeaderText, Field(min_length=1, max_length=2000)] | None = Field(
        default=None,
        alias="SSEAwsKmsKeyId",
        title="KMS key",
        description="Id, ARN or alias of the KMS key that encrypts the copies.",
    )
    bucket_key_enabled: Flag | None = Field(
        default=None,
        title="Bucket key",
        description="Asks the KMS less often, by a key of the bucket.",
    )
    checksum_algorithm: ChecksumAlgorithm | None = Field(
        default=None,
        title="Checksum",
        description="The checksum to keep with the copies; that of the source if none is given.",
    )
    object_lock_mode: Literal["COMPLIANCE", "GOVERNANCE"] | None = Field(
        default=None,
        title="Object Lock mode",
        description="GOVERNANCE: some may lift the lock. COMPLIANCE: nobody may.",
    )
    object_lock_retain_until_date: Timestamp | None = Field(
        default=None, title="Retain until", description="When the lock ends. Goes with the mode."
    )
    object_lock_legal_hold_status: Literal["ON", "OFF"] | None = Field(
        default=None, title="Legal hold", description="ON locks the copies until it is taken off."
    )
    object_lock_event_hold: Literal["ON", "OFF"] | None = Field(
        default=None, title="Event hold", description="ON locks the copies until an event is over."
    )
    object_lock_event_hold_duration: EventHoldDuration | None = Field(
        default=None,
        title="Event hold duration",
        description="How long the lock outlasts the event.",
    )
    redirect_location: Annotated[HeaderText, Field(min_length=1, max_length=2048)] | None = Field(
        default=None,
        title="Website redirect",
        description="Where a bucket that serves a website sends those who ask for the object.",
    )
    requester_pays: Flag | None = Field(
        default=None, title="Requester pays", description="Agree to pay if the bucket asks for it."
    )

    @model_validator(mode="after")
    def fits_together(self) -> Self:
        if faults := " ".join(conflicts(self)):
            raise ValueError(faults)
        return self

    def admit(self, store: Store) -> None:
        """The date of a lock is to come."""
        require_future(self.object_lock_retain_until_date, "object_lock_retain_until_date")

    @property
    def metadata(self) -> NewObjectMetadata:
        return self.new_object_metadata or NewObjectMetadata()

    @property
    def encryption(self) -> str | None:
        """The value of `x-amz-server-side-encryption`. A KMS key alone means KMS."""
        if self.metadata.sse_algorithm == "AES256":
            return "AES256"
        return "aws:kms" if self.metadata.sse_algorithm or self.sse_aws_kms_key_id else None

    def destination_key(self, key: str) -> str:
        """The key of the copy: exactly one slash between the prefix and the key of the source."""
        if self.target_key_prefix is None:
            return key
        return f"{self.target_key_prefix.removesuffix('/')}/{key}"

    def run(self, store: Store, target: Target) -> Outcome:
        """Copy one object: CopyObject, after a HeadObject where the store takes any size.

        AWS refuses sources over 5 GB; a store that would copy them has to give the same result.
        """
        if store.accepts_large_copies and self.source_size(store, target) > LARGEST_COPY:
            return TOO_LARGE
        reply = store.s3.copy_object(**self.request(target))
        return success_of(reply) if reply["CopyObjectResult"].get("ETag") else NO_COPY_RESULT

    def request(self, target: Target) -> dict[str, Any]:
        """Where to copy from and to, and all that the parameters say of the copy."""
        return {
            "Bucket": bucket_of(self.target_resource),
            "Key": self.destination_key(target.key),
            "CopySource": target.address,
            **self.content_arguments(),
            **self.protection_arguments(),
        }

    def in_one_request(self, store: Store) -> bool:
        """A store that copies any size has to be asked for the size first."""
        return not store.accepts_large_copies

    def success(self, http_status: int, body: bytes) -> Outcome | None:
        """A reply may be a 200 before the copy is made: only one with an ETag tells of a copy."""
        said = super().success(http_status, body)
        return said if said is None or ETAG.search(body) else NO_COPY_RESULT

    def content_arguments(self) -> dict[str, Any]:
        """What the copies hold: metadata, tags, checksum; and which sources are copied."""
        metadata = self.metadata.arguments()
        tags = self.new_object_tagging
        return metadata | given(
            # New metadata without a directive replaces; AWS does not say (spec.md 5.1).
            MetadataDirective=self.metadata_directive or ("REPLACE" if metadata else None),
            AnnotationDirective=self.annotation_directive,
            TaggingDirective=None if tags is None else "REPLACE",
            Tagging=None if tags is None else tagging_header(tags),
            ChecksumAlgorithm=self.checksum_algorithm,
            WebsiteRedirectLocation=self.redirect_location,
            CopySourceIfModifiedSince=self.modified_since_constraint,
            CopySourceIfUnmodifiedSince=self.un_modified_since_constraint,
            RequestPayer="requester" if self.requester_pays else None,
        )

    def protection_arguments(self) -> dict[str, Any]:
        """How the copies are kept: storage class, access, encryption and Object Lock."""
        hold = self.object_lock_event_hold_duration
        return grant_arguments(self.access_control_grants or ()) | given(
            ACL=self.canned_access_control_list,
            StorageClass=self.storage_class,
            ServerSideEncryption=self.encryption,
            SSEKMSKeyId=self.sse_aws_kms_key_id,
            BucketKeyEnabled=self.bucket_key_enabled,
            ObjectLockMode=self.object_lock_mode,
            ObjectLockRetainUntilDate=self.object_lock_retain_until_date,
            ObjectLockLegalHoldStatus=self.object_lock_legal_hold_status,
            ObjectLockEventHold=self.object_lock_event_hold,
            ObjectLockEventHoldDurationDays=hold.days if hold else None,
            ObjectLockEventHoldDurationYears=hold.years if hold else None,
        )

    def source_size(self, store: Store, target: Target) -> int:
        """The size of the source in bytes; 0 if the store refuses to tell, as the copy tells why.

        A HEAD has no error body, so its refusal would lack the code that CopyObject gives.
        """
        payer = given(RequestPayer="requester" if self.requester_pays else None)
        try:
            reply = store.s3.head_object(**target.address, **payer)
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            if status == 429 or status >= 500:
                raise
            return 0
        size: int = needed(reply, "ContentLength")
        return size
