"""Update object encryption: another KMS key, without moving the data (spec.md 5.11)."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field

from operations.base import Operation, Parameters, Target
from operations.parameters import Flag, given

KEY_ARN_PATTERN = r"arn:aws[a-zA-Z0-9\-]*:kms:[a-z0-9\-]+:[0-9]{12}:key\/[a-zA-Z0-9\-]+"


def key_arn(arn: str) -> str:
    """Refuse what is not the whole ARN of a key, as S3 takes neither an id nor an alias here."""
    if not re.fullmatch(KEY_ARN_PATTERN, arn):
        raise ValueError(
            "give the whole ARN of a key, such as arn:aws:kms:eu-west-1:111122223333:key/1a2b; "
            "an id or an alias is not enough"
        )
    return arn


class SSEKMS(Parameters):
    """Encryption with a key of the key management service."""

    kms_key_arn: Annotated[str, AfterValidator(key_arn)] = Field(
        alias="KMSKeyArn",
        title="KMS key",
        description="The whole ARN of the key, such as "
        "arn:aws:kms:eu-west-1:111122223333:key/1a2b. An id or an alias is not enough.",
        max_length=2048,
        # Only told, not checked: what is too short is no ARN, and to say so helps more.
        json_schema_extra={"minLength": 20, "pattern": f"^{KEY_ARN_PATTERN}$"},
    )
    bucket_key_enabled: Flag | None = Field(
        default=None,
        title="Bucket key",
        description="Asks the KMS less often, by a key of the bucket. Not given: no.",
    )


class ObjectEncryption(Parameters):
    """How objects are encrypted."""

    sse_kms: SSEKMS = Field(
        alias="SSEKMS", title="KMS encryption", description="The key that encrypts each object."
    )


class UpdateObjectEncryption(Operation):
    """Encrypt each object with another KMS key. Its data, date, ETag and class stay as they are."""

    name: ClassVar[str] = "S3UpdateObjectEncryption"
    label: ClassVar[str] = "Update object encryption"
    call: ClassVar[str] = "update_object_encryption"
    permissions: ClassVar[tuple[str, ...]] = (
        *("s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:UpdateObjectEncryption"),
        *("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncrypt*"),
    )

    object_encryption: ObjectEncryption = Field(
        title="Encryption", description="The encryption that objects get."
    )

    def request(self, target: Target) -> dict[str, Any]:
        """The target and its new key."""
        kms = self.object_encryption.sse_kms
        encryption = {
            "KMSKeyArn": kms.kms_key_arn,
            **given(BucketKeyEnabled=kms.bucket_key_enabled),
        }
        return {**target.address, "ObjectEncryption": {"SSEKMS": encryption}}
