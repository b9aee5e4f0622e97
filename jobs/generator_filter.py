"""Which objects a generated manifest lists: AWS's JobManifestGeneratorFilter (spec.md 3.4, 4.4)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from operations.base import Parameters
from operations.parameters import WHOLE, Flag, StorageClass, Timestamp
from operations.update_object_encryption import KEY_ARN_PATTERN, key_arn

KmsKeyArn = Annotated[
    str,
    Field(max_length=2048, json_schema_extra={"minLength": 20, "pattern": f"^{KEY_ARN_PATTERN}$"}),
    AfterValidator(key_arn),
]
Bytes = Annotated[int, WHOLE]
PartOfKey = Annotated[str, Field(min_length=1, max_length=1024)]
MOST_PARTS = 10_000
"""Of each list. AWS tells no limit; every checkpoint names the prefixes that are left, and every
object is compared with the others.
"""


def _few(parts: tuple[str, ...]) -> tuple[str, ...]:
    if len(parts) > MOST_PARTS:
        raise ValueError(f"give at most {MOST_PARTS:,} of them")
    return parts


PartsOfKeys = Annotated[tuple[PartOfKey, ...], AfterValidator(_few)]


class Nothing(Parameters):
    """A structure without members: to name it is to choose it."""


def one_of(chosen: Parameters, names: str) -> None:
    """Refuse a union with no member, or with several."""
    if len(chosen.model_dump(exclude_none=True)) != 1:
        raise ValueError(f"give exactly one of {names}")


class KeyNames(Parameters):
    """What keys look like: one of each list that is given. An empty list asks for nothing."""

    match_any_prefix: PartsOfKeys | None = Field(
        default=None, title="Prefixes", description="The key begins with one of these."
    )
    match_any_suffix: PartsOfKeys | None = Field(
        default=None, title="Suffixes", description="The key ends with one of these."
    )
    match_any_substring: PartsOfKeys | None = Field(
        default=None, title="Parts", description="The key contains one of these."
    )


class UnderKms(Parameters):
    """Encryption with a key of the key management service."""

    kms_key_arn: KmsKeyArn | None = Field(
        default=None, title="KMS key", description="Not given: any key."
    )
    bucket_key_enabled: Flag | None = Field(
        default=None, title="Bucket key", description="Not given: with and without."
    )


class UnderDoubleKms(Parameters):
    """Two layers of encryption with a key of the key management service."""

    kms_key_arn: KmsKeyArn | None = Field(
        default=None, title="KMS key", description="Not given: any key."
    )


class Encryption(Parameters):
    """How an object is encrypted: exactly one kind."""

    sse_s3: Nothing | None = Field(default=None, alias="SSES3", title="SSE-S3")
    sse_kms: UnderKms | None = Field(default=None, alias="SSEKMS", title="SSE-KMS")
    dsse_kms: UnderDoubleKms | None = Field(default=None, alias="DSSEKMS", title="DSSE-KMS")
    sse_c: Nothing | None = Field(default=None, alias="SSEC", title="SSE-C")
    not_sse: Nothing | None = Field(default=None, alias="NOTSSE", title="Not encrypted")

    @model_validator(mode="after")
    def is_one(self) -> Self:
        one_of(self, "SSES3, SSEKMS, DSSEKMS, SSEC and NOTSSE")
        return self


def _single(given: tuple[Encryption, ...]) -> tuple[Encryption, ...]:
    if len(given) != 1:
        raise ValueError("give exactly one kind of encryption")
    return given


OneEncryption = Annotated[
    tuple[Encryption, ...],
    Field(json_schema_extra={"minItems": 1, "maxItems": 1}),
    AfterValidator(_single),
]


class Filter(Parameters):
    """Which objects: those that meet every criterion given. Comparisons are strict."""

    eligible_for_replication: Flag | None = Field(
        default=None,
        title="Eligible for replication",
        description="True: only what the replication rules of the bucket send somewhere. "
        "False asks for nothing.",
    )
    created_after: Timestamp | None = Field(default=None, title="Created after")
    created_before: Timestamp | None = Field(default=None, title="Created before")
    object_replication_statuses: (
        tuple[Literal["COMPLETED", "FAILED", "REPLICA", "NONE"], ...] | None
    ) = Field(default=None, title="Replication statuses", description="Any of these.")
    key_name_constraint: KeyNames | None = Field(default=None, title="Keys")
    object_size_greater_than_bytes: Bytes | None = Field(default=None, title="Larger than")
    object_size_less_than_bytes: Bytes | None = Field(default=None, title="Smaller than")
    match_any_storage_class: tuple[StorageClass, ...] | None = Field(
        default=None, title="Storage classes", description="Any of these."
    )
    match_any_object_encryption: OneEncryption | None = Field(default=None, title="Encryption")

    @field_validator("created_before")
    @classmethod
    def is_later(cls, before: datetime | None, info: ValidationInfo) -> datetime | None:
        after = info.data.get("created_after")
        if after and before and after >= before:
            raise ValueError("no object is created after CreatedAfter and before CreatedBefore")
        return before

    @field_validator("object_size_less_than_bytes")
    @classmethod
    def is_larger(cls, less: int | None, info: ValidationInfo) -> int | None:
        more = info.data.get("object_size_greater_than_bytes")
        if more is not None and less is not None and less - more < 2:
            raise ValueError(f"no object is larger than {more} bytes and smaller than {less} bytes")
        return less

    @property
    def needs_asking(self) -> list[str]:
        """The criteria given that a listing cannot answer, in AWS's names."""
        return [
            name
            for name, given in (
                ("EligibleForReplication", self.eligible_for_replication),
                ("ObjectReplicationStatuses", self.object_replication_statuses),
                ("MatchAnyObjectEncryption", self.match_any_object_encryption),
            )
            if given
        ]
