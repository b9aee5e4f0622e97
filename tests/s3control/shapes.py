"""Examples of everything that CreateJob can carry, made from botocore's model of S3 Control, so
that a member which AWS adds is tried on the day botocore knows it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

import botocore.session
from botocore.model import Shape

MODEL = botocore.session.get_session().get_service_model("s3control")
CREATE = MODEL.operation_model("CreateJob").input_shape
ROLE = "arn:aws:iam::000000000000:role/archive"
KMS = "arn:aws:kms:us-east-1:111122223333:key/1a2b"
OWNER = "123456789012"
"""The account that owns every bucket of moto."""

Path = tuple[str, ...]

TEXTS = {
    "FunctionArnString": "arn:aws:lambda:us-east-1:111122223333:function:thumbnails:live",
    "S3RegionalOrS3ExpressBucketArnString": "arn:aws:s3:::reports",
    "S3BucketArnString": "arn:aws:s3:::reports",
    "NonEmptyKmsKeyArnString": KMS,
    "KmsKeyArnString": KMS,
    "AccountId": OWNER,
    "IAMRoleArn": ROLE,
    "NonEmptyMaxLength64String": "2.0",
    "TagKeyString": "project name",
    "TagValueString": "über/all: a+b=c",
    "S3MetadataDirective": "REPLACE",
    "S3SSEAlgorithm": "KMS",
    "S3Permission": "READ",
}
"""By the name of the shape: what its pattern or its neighbours ask for."""
NUMBERS = {"S3ExpirationInDays": 7, "ObjectSizeLessThanBytes": 4_000_000_000_000}
MOMENTS = {"CreatedAfter": 2019, "CreatedBefore": 2032}

NOT_TOGETHER: dict[str, list[set[str]]] = {
    "S3PutObjectCopy": [
        {"AccessControlGrants", "ObjectLockEventHold", "ObjectLockEventHoldDuration"},
        {"CannedAccessControlList", "ObjectLockMode", "ObjectLockRetainUntilDate", "Years"},
        {"CannedAccessControlList", "ObjectLockMode", "ObjectLockRetainUntilDate", "Days"},
    ],
    "S3PutObjectAcl": [{"AccessControlList"}, {"CannedAccessControlList"}],
    "S3PutObjectRetention": [
        {"EventHold", "EventHoldDuration"},
        {"RetainUntilDate", "Years"},
        {"RetainUntilDate", "Days"},
    ],
}
"""What each example of an operation has to leave out, as AWS takes not all of it at once."""


class Member(NamedTuple):
    """A member of the model and where it stands. `[]` stands for the items of a list, `{}` for the
    keys and values of a map.
    """

    path: Path
    shape: Shape


def members(shape: Shape, path: Path = ()) -> Iterator[Member]:
    """Every member under a shape."""
    if shape.type_name == "structure":
        for name, inner in shape.members.items():
            yield Member((*path, name), inner)
            yield from members(inner, (*path, name))
    elif shape.type_name == "list":
        yield Member((*path, "[]"), shape.member)
        yield from members(shape.member, (*path, "[]"))
    elif shape.type_name == "map":
        yield Member((*path, "{key}"), shape.key)
        yield Member((*path, "{value}"), shape.value)


def example(shape: Shape, *, without: frozenset[str] = frozenset(), path: Path = ()) -> Any:
    """A value with every member but those whose path ends like one of `without`."""
    match shape.type_name:
        case "structure":
            return {
                name: example(inner, without=without, path=(*path, name))
                for name, inner in shape.members.items()
                if not _is_left_out((*path, name), without)
            }
        case "list":
            return [example(shape.member, without=without, path=path)]
        case "map":
            return {"mode": "fast & <loose>"}
        case "boolean":
            return True
        case "timestamp":
            return datetime(MOMENTS.get(path[-1], 2031), 1, 2, 3, 4, 5, tzinfo=UTC)
        case "integer" | "long":
            return NUMBERS.get(shape.name, max(shape.metadata.get("min", 1), 1))
    return text(shape)


def text(shape: Shape) -> str:
    """A string that fits."""
    if known := TEXTS.get(shape.name):
        return known
    return str(shape.metadata.get("enum", ["some text"])[0])


def _is_left_out(path: Path, without: frozenset[str]) -> bool:
    told = "." + ".".join(path)
    return any(told.endswith(f".{ending}") for ending in without)


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each operation with all of its members, in as many examples as that takes."""
    for name, shape in CREATE.members["Operation"].members.items():
        for without in NOT_TOGETHER.get(name, [set()]):
            yield name, {name: example(shape, without=frozenset(without))}


def generators() -> Iterator[dict[str, Any]]:
    """Manifest generators: one for each kind of encryption, of the objects and of the list."""
    shape = CREATE.members["ManifestGenerator"]
    inner = shape.members["S3JobManifestGenerator"].members
    kinds = list(inner["Filter"].members["MatchAnyObjectEncryption"].member.members)
    seals = list(inner["ManifestOutputLocation"].members["ManifestEncryption"].members)
    for number, kind in enumerate(kinds):
        seal = seals[number % len(seals)]
        without = {f"MatchAnyObjectEncryption.{other}" for other in kinds if other != kind}
        without |= {f"ManifestEncryption.{other}" for other in seals if other != seal}
        made = example(shape, without=frozenset(without))
        made["S3JobManifestGenerator"]["SourceBucket"] = "arn:aws:s3:::photos"
        yield made


def put(value: Any, path: Path, new: Any) -> Any:
    """A copy of an example with another value at a path."""
    if not path:
        return new
    first, rest = path[0], path[1:]
    match first:
        case "[]":
            return [put(value[0], rest, new), *value[1:]]
        case "{key}":
            return {new: next(iter(value.values()))}
        case "{value}":
            return {next(iter(value)): new}
    return {**value, first: put(value[first], rest, new)}


def holds(value: Any, path: Path) -> bool:
    """Whether an example has that member."""
    if not path:
        return True
    first, rest = path[0], path[1:]
    if first == "[]":
        return bool(value) and holds(value[0], rest)
    if first in ("{key}", "{value}"):
        return bool(value)
    return first in value and holds(value[first], rest)
