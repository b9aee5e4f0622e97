"""Every limit of AWS's model is held by the server: boto3 checks few of them (spec.md 3.2)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.model import Shape

from tests.s3control.conftest import Asked
from tests.s3control.shapes import (
    CREATE,
    KMS,
    OWNER,
    Path,
    example,
    generators,
    holds,
    members,
    operations,
    put,
)
from tests.s3control.wire import account

WITH_PATTERN = {
    "FunctionArnString": ("arn:aws:lambda:us-east-1:111122223333:function:", "f"),
    "S3RegionalOrS3ExpressBucketArnString": ("arn:aws:s3:::", "b"),
    "S3BucketArnString": ("arn:aws:s3:::", "b"),
    "NonEmptyKmsKeyArnString": (KMS, "c"),
}
"""How a text that fits the pattern of its shape is made as long as wanted."""
UNFIT = {"TagKeyString": "no#hash", "TagValueString": "no\nbreak", "AccountId": "12345678901x"}
"""What does not fit the pattern; a text without colons is no ARN."""
NEEDS_MORE_THAN_A_LENGTH = {"InvocationSchemaVersion", "AccountId"}
"""Members, or shapes, where a text at the limit of its length is not good by that alone."""


def texts() -> Iterator[tuple[Path, Any]]:
    for top in ("Operation", "ManifestGenerator"):
        for path, shape in members(CREATE.members[top]):
            yield (top, *path), shape


def too_much(shape: Shape) -> Iterator[tuple[str, Any]]:
    """Values that the model refuses, each with a word for it."""
    match shape.type_name:
        case "string":
            yield from wrong_texts(shape)
        case "integer" | "long":
            yield from wrong_numbers(shape)
        case "list" if "max" in shape.metadata:
            yield "none", []
            yield "many", [{"NOTSSE": {}}] * (shape.metadata["max"] + 1)
        case "map":
            if "min" in shape.metadata:
                yield "none", {}
            yield "many", {f"key-{number}": "v" for number in range(shape.metadata["max"] + 1)}


def wrong_texts(shape: Shape) -> Iterator[tuple[str, str]]:
    told = shape.metadata
    if "enum" in told:
        yield "unknown", "NO_SUCH_VALUE"
        yield "other case", told["enum"][0].swapcase()
        yield "empty", ""
        return
    if "max" in told:
        yield "long", of_length(shape, told["max"] + 1)
    if told.get("min"):
        yield "short", "x" * (told["min"] - 1)
    if "pattern" in told:
        yield "unfit", UNFIT.get(shape.name, "not~fitting")


def wrong_numbers(shape: Shape) -> Iterator[tuple[str, int]]:
    told = shape.metadata
    yield "overflow", 2**63
    if shape.type_name == "integer":
        yield "overflow", 2**31
    if "max" in told:
        yield "large", told["max"] + 1
    if "min" in told:
        yield "small", told["min"] - 1


def of_length(shape: Shape, length: int) -> str:
    """A text of that length which fits the pattern."""
    start, filler = WITH_PATTERN.get(shape.name, ("", "x"))
    return start + filler * (length - len(start))


REFUSED = [(path, word, value) for path, shape in texts() for word, value in too_much(shape)]
LIMITS = [
    (path, bound, of_length(shape, shape.metadata[bound]))
    for path, shape in texts()
    if shape.type_name == "string" and "enum" not in shape.metadata
    for bound in ("min", "max")
    if shape.metadata.get(bound) and not NEEDS_MORE_THAN_A_LENGTH & {path[-1], shape.name}
    if not (bound == "min" and shape.name in WITH_PATTERN)
]
"""The shortest and the longest that each text may be."""


def name_of(part: Any) -> str:
    return ".".join(part[1:]) if isinstance(part, tuple) else str(part)[:12]


def given_with(asked: Asked, path: Path, value: Any) -> dict[str, Any]:
    """A CreateJob with a value at a path."""
    if path[0] == "ManifestGenerator":
        made = next(one for one in generators() if holds(one, path[1:]))
        return asked(Manifest=None, ManifestGenerator=put(made, path[1:], value))
    made = next(one for _, one in operations() if holds(one, path[1:]))
    return asked(Operation=put(made, path[1:], value), Report=FULL)


FULL = {
    **{name: example(shape) for name, shape in CREATE.members["Report"].members.items()},
    "ExpectedBucketOwner": OWNER,
}


@pytest.mark.parametrize(("path", "word", "value"), REFUSED, ids=name_of)
def test_what_the_model_refuses_is_refused(
    lax: Any, asked: Asked, path: Path, word: str, value: Any
) -> None:
    with pytest.raises(lax.exceptions.BadRequestException) as refused:
        lax.create_job(**given_with(asked, path, value))

    told = refused.value.response["Error"]["Message"]
    assert len(told) < 2000
    assert path[1 if path[0] == "Operation" else 2] in told or path[-1] in told, told


@pytest.mark.parametrize(("path", "bound", "value"), LIMITS, ids=name_of)
def test_what_the_model_just_allows_is_taken(
    lax: Any, asked: Asked, path: Path, bound: str, value: Any
) -> None:
    made = lax.create_job(**given_with(asked, path, value))["JobId"]

    job = lax.describe_job(AccountId=account(), JobId=made)["Job"]
    found: Any = job
    for step in path:
        if step in ("[]", "{value}"):
            found = found[0] if step == "[]" else next(iter(found.values()))
        elif step == "{key}":
            found = next(iter(found))
        else:
            found = found[step]
    assert found == value


# ---- the members of the request itself

TAG = {"Key": "team", "Value": "web"}
OUTER: list[tuple[str, Any]] = [
    ("ClientRequestToken", ""),
    ("ClientRequestToken", "t" * 65),
    ("Description", ""),
    ("Description", "d" * 257),
    ("Priority", -1),
    ("Priority", 2**31),
    ("RoleArn", ""),
    ("RoleArn", "archive"),
    ("RoleArn", "arn:aws:iam::12345:role/archive"),
    ("RoleArn", "arn:aws:iam::000000000000:user/archive"),
    ("RoleArn", "arn:aws:iam::000000000000:role/" + "r" * 2048),
    ("Tags", [{"Key": "", "Value": "v"}]),
    ("Tags", [{"Key": "k" * 129, "Value": "v"}]),
    ("Tags", [{"Key": "k", "Value": "v" * 257}]),
    ("Tags", [{"Key": "no#hash", "Value": "v"}]),
    ("Tags", [{"Key": "k", "Value": "no#hash"}]),
    ("Tags", [TAG, TAG]),
    ("Tags", [TAG, {**TAG, "Value": "other"}]),
]


@pytest.mark.parametrize(("name", "value"), OUTER, ids=name_of)
def test_the_limits_of_the_request_itself(lax: Any, asked: Asked, name: str, value: Any) -> None:
    with pytest.raises(lax.exceptions.BadRequestException):
        lax.create_job(**asked(**{name: value}))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ClientRequestToken", "t"),
        ("ClientRequestToken", "t" * 64),
        ("Description", "d"),
        ("Description", "Ü" * 256),
        ("Priority", 0),
        ("Priority", 2**31 - 1),
        ("Tags", [{"Key": "k" * 128, "Value": "v" * 256}]),
        ("Tags", [{"Key": "Straße 1_.:/=+-@", "Value": ""}]),
        ("Tags", [{"Key": "team", "Value": "a"}, {"Key": "Team", "Value": "b"}]),
        ("Tags", [{"Key": f"key-{number}", "Value": "v"} for number in range(50)]),
        ("Tags", []),
    ],
    ids=name_of,
)
def test_what_the_request_may_just_be(lax: Any, asked: Asked, name: str, value: Any) -> None:
    made = lax.create_job(**asked(**{name: value}))["JobId"]

    if name == "Tags":
        told = lax.get_job_tagging(AccountId=account(), JobId=made)["Tags"]
        assert told == sorted(value, key=lambda tag: tag["Key"])
    elif name != "ClientRequestToken":
        assert lax.describe_job(AccountId=account(), JobId=made)["Job"][name] == value
