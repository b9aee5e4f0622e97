"""Each value that AWS's model names for a member is taken, and comes back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.s3control.conftest import Asked
from tests.s3control.shapes import (
    CREATE,
    OWNER,
    Member,
    Path,
    generators,
    holds,
    members,
    operations,
    put,
)
from tests.s3control.wire import account

WITHOUT: dict[tuple[str, str], set[str]] = {
    ("MetadataDirective", "COPY"): {"NewObjectMetadata"},
    ("SSEAlgorithm", "AES256"): {"SSEAwsKmsKeyId"},
}
"""What a value does not go with."""
NOT_FOR_OBJECTS = ("Permission", "WRITE")
REPORT = {
    "Bucket": "arn:aws:s3:::reports",
    "Format": "Report_CSV_20180820",
    "Enabled": True,
    "ReportScope": "AllTasks",
    "ExpectedBucketOwner": OWNER,
}


def enums(top: str) -> list[tuple[Path, str]]:
    """Every path to a member with an enum, with each of its values."""
    found: list[Member] = [
        member for member in members(CREATE.members[top]) if "enum" in member.shape.metadata
    ]
    return [(path, value) for path, shape in found for value in shape.metadata["enum"]]


@pytest.mark.parametrize(("path", "value"), enums("Operation"), ids=lambda part: str(part)[-40:])
def test_each_value_of_a_parameter(
    control: Any, lax: Any, asked: Asked, path: Path, value: str
) -> None:
    operation = put(with_member(path, value), path, value)

    if (path[-1], value) == NOT_FOR_OBJECTS:
        with pytest.raises(lax.exceptions.BadRequestException, match="WRITE"):
            lax.create_job(**asked(Operation=operation))
        return
    made = control.create_job(**asked(Operation=operation, Report=REPORT))["JobId"]

    job = control.describe_job(AccountId=account(), JobId=made)["Job"]
    assert job["Operation"] == operation


@pytest.mark.parametrize(
    ("path", "value"), enums("ManifestGenerator"), ids=lambda part: str(part)[-40:]
)
def test_each_value_of_a_filter(control: Any, asked: Asked, path: Path, value: str) -> None:
    generator = put(next(generators()), path, value)

    made = control.create_job(**asked(Manifest=None, ManifestGenerator=generator))["JobId"]

    job = control.describe_job(AccountId=account(), JobId=made)["Job"]
    assert job["ManifestGenerator"] == generator


@pytest.mark.parametrize("field", ["Ignore", "VersionId"])
def test_each_kind_of_column(control: Any, asked: Asked, field: str) -> None:
    manifest = asked()["Manifest"]
    manifest["Spec"]["Fields"] = ["Bucket", "Key", field]

    job_id = control.create_job(**asked(Manifest=manifest))["JobId"]

    assert control.describe_job(AccountId=account(), JobId=job_id)["Job"]["Manifest"] == manifest


def with_member(path: Path, value: str) -> dict[str, Any]:
    """An example that has the member, without what the value does not go with."""
    found = next(made for _, made in operations() if holds(made, path))
    ((name, given),) = found.items()
    left_out = WITHOUT.get((path[-1], value), set())
    return {name: {member: given[member] for member in given if member not in left_out}}
