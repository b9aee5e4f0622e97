"""Structures and types of parameters that several operations share (spec.md 5.1 and 5.2)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self
from urllib.parse import quote, urlencode

from pydantic import AfterValidator, BeforeValidator, Field, StrictBool, model_validator

from operations.base import Parameters

MOST_TAGS = 10
"""S3 keeps at most this many tags on an object."""

TAG_PATTERN = r"^[\p{L}\p{Z}\p{N}_.:\/=+\-@]*$"
"""AWS's pattern of a tag's key and value, written so that browsers accept it too."""

BUCKET_ARN_PATTERN = r"^arn:[^:]+:(s3:[^:]*:[^:]*:|s3express:[^:]*:[^:]*:bucket\/)[A-Za-z0-9._\-]+$"


def tag_text(text: str) -> str:
    """Refuse what AWS's pattern of tags refuses: `re` has no \\p{L}, so categories are asked."""
    wrong = sorted({char for char in text if not is_tag_character(char)})
    if wrong:
        shown = " ".join(ascii(char) for char in wrong[:5])
        raise ValueError(
            f"only letters, digits, spaces and _ . : / = + - @ may stand here, not {shown}"
        )
    return text


def is_tag_character(char: str) -> bool:
    return char in "_.:/=+-@" or unicodedata.category(char)[0] in "LZN"


def header_text(text: str) -> str:
    """Refuse what cannot travel in an HTTP header: line breaks, controls, other than ASCII."""
    if not (text.isascii() and text.isprintable()):
        raise ValueError("only printable ASCII characters can be sent in a header")
    return text


def given(**arguments: Any) -> dict[str, Any]:
    """Those of these arguments that are not None."""
    return {name: value for name, value in arguments.items() if value is not None}


def whole_number(value: Any) -> Any:
    """Refuse what is only something like a whole number: true (1 to Python), 7.0, "7"."""
    if isinstance(value, bool):
        raise ValueError("give a whole number, not true or false")
    if not isinstance(value, int):
        raise ValueError("give a whole number, not a text or a fraction")
    return value


def written_date(value: Any) -> Any:
    """Refuse numbers, also in a text: 20300101 would be a count of seconds, a day in 1970."""
    is_count = isinstance(value, str) and is_number(value)
    if is_count or not isinstance(value, str | datetime):
        raise ValueError("give a date and a time, such as 2030-01-31T00:00:00Z")
    return value


def is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def as_utc(moment: datetime) -> datetime:
    """The same moment in UTC; a time without an offset is taken as UTC."""
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("the date is out of range") from None


def bucket_arn(arn: str) -> str:
    if not re.fullmatch(BUCKET_ARN_PATTERN, arn):
        raise ValueError("give the ARN of a bucket, such as arn:aws:s3:::photos")
    return arn


def bucket_of(arn: str) -> str:
    """The bucket that a BucketArn names: arn:aws:s3:::photos → photos."""
    return re.split("[:/]", arn)[-1]


HeaderText = Annotated[str, AfterValidator(header_text)]
"""Text that is sent as the value of a header."""

ShortText = Annotated[HeaderText, Field(min_length=1, max_length=1024)]
"""Header text of 1 to 1024 characters, AWS's usual limits."""

Flag = StrictBool
"""True or false, and nothing like them, such as "yes" or 1."""

WHOLE = BeforeValidator(whole_number)
"""For numbers; stands last, as the limits before it get lost in the JSON schema otherwise."""

Timestamp = Annotated[datetime, AfterValidator(as_utc), BeforeValidator(written_date)]
"""A moment, always with UTC as its zone."""

BucketArn = Annotated[
    str,
    Field(min_length=1, max_length=128, json_schema_extra={"pattern": BUCKET_ARN_PATTERN}),
    AfterValidator(bucket_arn),
]
"""The ARN of a general purpose or a directory bucket, in any partition."""


StorageClass = Literal[
    "STANDARD",
    "STANDARD_IA",
    "ONEZONE_IA",
    "GLACIER",
    "INTELLIGENT_TIERING",
    "DEEP_ARCHIVE",
    "GLACIER_IR",
]

CannedAccessControlList = Literal[
    "private",
    "public-read",
    "public-read-write",
    "aws-exec-read",
    "authenticated-read",
    "bucket-owner-read",
    "bucket-owner-full-control",
]

ChecksumAlgorithm = Literal[
    "CRC32",
    "CRC32C",
    "SHA1",
    "SHA256",
    "CRC64NVME",
    "SHA512",
    "MD5",
    "XXHASH64",
    "XXHASH3",
    "XXHASH128",
]


class Tag(Parameters):
    """A tag of an object."""

    key: Annotated[str, AfterValidator(tag_text)] = Field(
        title="Key",
        description="1 to 128 letters, digits, spaces or _ . : / = + - @; case matters.",
        min_length=1,
        max_length=128,
        json_schema_extra={"pattern": TAG_PATTERN},
    )
    value: Annotated[str, AfterValidator(tag_text)] = Field(
        title="Value",
        description="Up to 256 characters of the same kind; may be empty.",
        max_length=256,
        json_schema_extra={"pattern": TAG_PATTERN},
    )


def tags_of_one_object(tags: tuple[Tag, ...]) -> tuple[Tag, ...]:
    """Refuse a set that S3 refuses for every object: over ten tags, or a key given twice."""
    if len(tags) > MOST_TAGS:
        raise ValueError(f"an object has at most {MOST_TAGS} tags; {len(tags)} were given")
    keys = [tag.key for tag in tags]
    twice = next((key for key in keys if keys.count(key) > 1), None)
    if twice is not None:
        raise ValueError(f"each key may be given once; {twice} is given more often")
    return tags


TagSet = Annotated[
    tuple[Tag, ...],
    Field(json_schema_extra={"maxItems": MOST_TAGS}),
    AfterValidator(tags_of_one_object),
]
"""All the tags of an object; may be empty."""


def tagging_header(tags: Iterable[Tag]) -> str:
    """Tags as the value of `x-amz-tagging`: a URL query string."""
    return urlencode([(tag.key, tag.value) for tag in tags], quote_via=quote)


class EventHoldDuration(Parameters):
    """How long an object stays locked after its event hold is released."""

    days: Annotated[int, Field(ge=1, le=36_500), WHOLE] | None = Field(
        default=None, title="Days", description="1 to 36500 days."
    )
    years: Annotated[int, Field(ge=1, le=100), WHOLE] | None = Field(
        default=None, title="Years", description="1 to 100 years of 365 days."
    )

    @model_validator(mode="after")
    def has_one_unit(self) -> Self:
        if (self.days is None) == (self.years is None):
            raise ValueError("give either days or years")
        return self
