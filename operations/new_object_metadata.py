"""Metadata that a copy can give to its objects (spec.md 5.1)."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from operations.base import Parameters
from operations.parameters import WHOLE, Flag, ShortText, Timestamp, given


def user_metadata(entries: dict[str, str]) -> dict[str, str]:
    """Refuse names and values that cannot be sent as `x-amz-meta-*` headers, naming the entry."""
    for name, value in entries.items():
        if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,1024}", name):
            raise ValueError(f"{name!a} cannot be the name of a header")
        if len(value) > 1024 or not (value.isascii() and value.isprintable()):
            raise ValueError(f"the value of {name} is not up to 1024 printable ASCII characters")
    if len({name.lower() for name in entries}) < len(entries):
        raise ValueError("two names differ in upper and lower case only; stores keep one of them")
    return entries


UserMetadata = Annotated[dict[str, str], Field(max_length=8192), AfterValidator(user_metadata)]
"""User-defined metadata: names without the prefix x-amz-meta-, and values."""


class NewObjectMetadata(Parameters):
    """Metadata of the new objects."""

    cache_control: ShortText | None = Field(
        default=None,
        title="Cache-Control",
        description="How long caches may keep the object, such as max-age=3600.",
    )
    content_disposition: ShortText | None = Field(
        default=None,
        title="Content-Disposition",
        description='How a browser presents the object, such as attachment; filename="a.txt".',
    )
    content_encoding: ShortText | None = Field(
        default=None,
        title="Content-Encoding",
        description="How the content is encoded, such as gzip.",
    )
    content_language: ShortText | None = Field(
        default=None,
        title="Content-Language",
        description="The language of the content, such as en.",
    )
    content_type: ShortText | None = Field(
        default=None,
        title="Content-Type",
        description="The media type of the content, such as image/png.",
    )
    http_expires_date: Timestamp | None = Field(
        default=None, title="Expires", description="When caches have to ask again."
    )
    user_metadata: UserMetadata | None = Field(
        default=None,
        title="User-defined metadata",
        description="Names, without x-amz-meta-, and values. Names are kept in lower case.",
    )
    sse_algorithm: Literal["AES256", "KMS"] | None = Field(
        default=None,
        alias="SSEAlgorithm",
        title="Server-side encryption",
        description="AES256: keys of the store. KMS: a key of the key management service.",
    )
    content_length: Annotated[int, Field(ge=0), WHOLE] | None = Field(
        default=None, title="Content-Length", description="Deprecated: has no effect."
    )
    content_md5: Annotated[str, Field(min_length=1, max_length=1024)] | None = Field(
        default=None,
        alias="ContentMD5",
        title="Content-MD5",
        description="Deprecated: has no effect.",
    )
    requester_charged: Flag | None = Field(
        default=None, title="Requester charged", description="Deprecated: has no effect."
    )

    def arguments(self) -> dict[str, Any]:
        """The members other than the encryption, as boto3's arguments; without those not given."""
        return given(
            CacheControl=self.cache_control,
            ContentDisposition=self.content_disposition,
            ContentEncoding=self.content_encoding,
            ContentLanguage=self.content_language,
            ContentType=self.content_type,
            Expires=self.http_expires_date,
            Metadata=self.user_metadata or None,
        )
