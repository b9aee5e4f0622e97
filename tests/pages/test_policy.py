"""What a role must be allowed: enough for each operation, and each right where it is used."""

from __future__ import annotations

import json

import pytest

from jobs.pages.policy import policy_of
from operations import OPERATION_BY_NAME, OPERATIONS, Operation
from operations.update_object_encryption import UpdateObjectEncryption


def granted(operation: type[Operation], **places: object) -> dict[str, list[str]]:
    """Resource → actions."""
    policy = json.loads(policy_of(operation, **places))  # type: ignore[arg-type]
    return {each["Resource"]: each["Action"] for each in policy["Statement"]}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_permission_of_an_operation_is_granted_once(operation: type[Operation]) -> None:
    actions = [action for some in granted(operation).values() for action in some]

    assert sorted(actions) == sorted(operation.permissions)


def test_a_copy_reads_in_one_bucket_and_writes_in_the_other() -> None:
    found = granted(OPERATION_BY_NAME["S3PutObjectCopy"], bucket="photos", destination="archive")

    assert "s3:GetObject" in found["arn:aws:s3:::photos/*"]
    assert "s3:ListBucket" in found["arn:aws:s3:::photos"]
    assert "s3:PutObject" in found["arn:aws:s3:::archive/*"]
    assert not [action for action in found["arn:aws:s3:::photos/*"] if "Put" in action]


def test_other_operations_write_where_their_objects_are() -> None:
    found = granted(OPERATION_BY_NAME["S3PutObjectTagging"], bucket="photos")

    assert list(found) == ["arn:aws:s3:::photos/*"]


def test_keys_and_functions_are_resources_of_their_own() -> None:
    keys = granted(UpdateObjectEncryption)["arn:aws:kms:*:*:key/*"]
    functions = granted(OPERATION_BY_NAME["LambdaInvoke"])

    assert all(action.startswith("kms:") for action in keys)
    assert functions == {"arn:aws:lambda:*:*:function:*": ["lambda:InvokeFunction"]}


def test_what_the_list_and_the_report_need_comes_on_top_without_doubles() -> None:
    more = {
        "arn:aws:s3:::photos/*": ["s3:PutObjectTagging", "s3:GetObject"],
        "arn:aws:s3:::reports/nightly/*": ["s3:PutObject"],
    }

    found = granted(OPERATION_BY_NAME["S3PutObjectTagging"], bucket="photos", more=more)

    assert found["arn:aws:s3:::photos/*"].count("s3:PutObjectTagging") == 1
    assert "s3:GetObject" in found["arn:aws:s3:::photos/*"]
    assert found["arn:aws:s3:::reports/nightly/*"] == ["s3:PutObject"]
