"""The manifest generator: what a job without a list asks Lading to list (spec.md 3.4, 4.4).

`ManifestGenerator` has the members of AWS's S3JobManifestGenerator, and two of our own:
IncludeVersions asks for every version and not only the current one, AskEachObject permits one
request per object for what a listing cannot tell. In JSON the hyphenated names of AWS's XML are
written as boto3 writes them: SSES3, SSEKMS, DSSEKMS, SSEC, NOTSSE.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from jobs.generator_filter import Filter, Nothing, one_of
from operations.base import Parameters
from operations.parameters import Flag, bucket_of

BUCKET_PATTERN = r"^arn:[^:]+:s3:[^:]*:[^:]*:[A-Za-z0-9._\-]+$"
ACCOUNT_PATTERN = r"^[0-9]{12}$"
OUTPUT_FORMAT = "S3InventoryReport_CSV_20211130"
OURS = {"IncludeVersions", "AskEachObject"}
"""The members that AWS does not have."""


def _bucket(arn: str) -> str:
    if not re.fullmatch(BUCKET_PATTERN, arn):
        raise ValueError("give the ARN of a general purpose bucket, such as arn:aws:s3:::photos")
    return arn


def _account(account: str) -> str:
    if not re.fullmatch(ACCOUNT_PATTERN, account):
        raise ValueError("an account id has 12 digits")
    return account


BucketArn = Annotated[
    str,
    Field(min_length=1, max_length=128, json_schema_extra={"pattern": BUCKET_PATTERN}),
    AfterValidator(_bucket),
]
Account = Annotated[
    str,
    # The pattern tells; the limit is the model's own.
    Field(max_length=64, json_schema_extra={"pattern": ACCOUNT_PATTERN}),
    AfterValidator(_account),
]


class OutputKms(Parameters):
    """Encryption with a key of the key management service."""

    key_id: Annotated[str, Field(min_length=1, max_length=2000)] = Field(
        title="KMS key", description="The id, the ARN or the alias of the key."
    )


class OutputEncryption(Parameters):
    """How the generated manifest is encrypted: with S3's own key, or with one of the KMS."""

    sse_s3: Nothing | None = Field(default=None, alias="SSES3", title="SSE-S3")
    sse_kms: OutputKms | None = Field(default=None, alias="SSEKMS", title="SSE-KMS")

    @model_validator(mode="after")
    def is_one(self) -> Self:
        one_of(self, "SSES3 and SSEKMS")
        return self


class OutputLocation(Parameters):
    """Where the generated manifest is kept."""

    expected_manifest_bucket_owner: Account | None = Field(
        default=None,
        title="Expected owner",
        description="The account that must own the manifest's bucket, else the job fails.",
    )
    bucket: BucketArn = Field(title="Bucket", description="The ARN of the manifest's bucket.")
    manifest_prefix: Annotated[str, Field(min_length=1, max_length=512)] | None = Field(
        default=None, title="Prefix", description="What the keys of the manifest begin with."
    )
    manifest_encryption: OutputEncryption | None = Field(
        default=None,
        title="Encryption",
        description="Not given: as the bucket encrypts by itself.",
    )
    manifest_format: Literal["S3InventoryReport_CSV_20211130"] = Field(
        title="Format", description="The form of an S3 Inventory."
    )


class ManifestGenerator(Parameters):
    """What to list, which of it, and where to keep the list."""

    expected_bucket_owner: Account | None = Field(
        default=None,
        title="Expected owner",
        description="The account that must own the source bucket, else the job fails.",
    )
    source_bucket: BucketArn = Field(
        title="Source bucket", description="The ARN of the bucket that is listed."
    )
    include_versions: Flag = Field(
        default=False,
        title="Every version",
        description="Lists every version and not only the current one, without delete markers. "
        "AWS does not have this.",
    )
    ask_each_object: Flag = Field(
        default=False,
        title="Ask about each object",
        description="Permits one request per object, which is slow, for what a listing cannot "
        "tell: EligibleForReplication, ObjectReplicationStatuses, MatchAnyObjectEncryption. "
        "AWS does not have this.",
    )
    enable_manifest_output: Flag = Field(
        title="Keep the manifest", description="True: at ManifestOutputLocation."
    )
    manifest_output_location: OutputLocation | None = Field(
        default=None, title="Output", validate_default=True
    )
    filter: Filter | None = Field(default=None, title="Filter")

    @field_validator("manifest_output_location")
    @classmethod
    def has_a_place(
        cls, place: OutputLocation | None, info: ValidationInfo
    ) -> OutputLocation | None:
        if place is None and info.data.get("enable_manifest_output"):
            raise ValueError("say where to keep the manifest, or set EnableManifestOutput to false")
        return place

    @field_validator("filter")
    @classmethod
    def may_ask(cls, chosen: Filter | None, info: ValidationInfo) -> Filter | None:
        slow = chosen.needs_asking if chosen else []
        if slow and not info.data.get("ask_each_object", True):
            raise ValueError(
                f"a listing cannot tell {' and '.join(slow)}: that takes one request per object, "
                "which is slow. Permit it with AskEachObject, or leave it out"
            )
        return chosen

    @property
    def bucket(self) -> str:
        """The name of the source bucket."""
        return bucket_of(self.source_bucket)

    def aws_form(self) -> dict[str, Any]:
        """`wire_form` without what AWS does not have: an S3JobManifestGenerator for boto3."""
        return {name: value for name, value in self.wire_form().items() if name not in OURS}
