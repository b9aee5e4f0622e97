"""Every operation through the API: what it takes, and which parameter a fault names."""

from __future__ import annotations

from typing import Any

import pytest

from jobs.models import Job
from operations import OPERATIONS, Operation
from tests.operations.examples import EXAMPLES
from tests.rest.conftest import Asked, Post, fields_of

JOBS = "/api/v1/jobs/"
CASES = [
    (kind, example)
    for kind in OPERATIONS
    if not (kind.needs_report or kind.needs_versions)  # their own tests create such a job
    for example in EXAMPLES[kind.name]
]


@pytest.mark.parametrize(("kind", "example"), CASES, ids=lambda value: getattr(value, "name", ""))
def test_every_parameter_is_taken_in_both_spellings_and_kept_in_awss(
    post: Post, asked: Asked, kind: type[Operation], example: dict[str, Any]
) -> None:
    snake_form = kind.parse(example).snake_form()

    for parameters in (example, snake_form):
        response = post(JOBS, asked(operation=kind.name, parameters=parameters))

        assert response.status_code == 201, response.text
        assert response.json()["parameters"] == snake_form
        assert Job.objects.get(pk=response.json()["id"]).parameters == example


RETENTION = "parameters.retention"
FAULTS: dict[str, tuple[str, dict[str, Any], str, str]] = {
    # what is wrong: (the operation, its parameters, the path that is named, a part of the message)
    "parameters for none": (
        "S3DeleteObjectTagging", {"tag_set": []}, "parameters.tag_set", "no field of this name",
    ),
    "no ACL": (
        "S3PutObjectAcl", {"access_control_policy": {}},
        "parameters.access_control_policy", "either a canned ACL, or an owner and grants",
    ),
    "both ACLs": (
        "S3PutObjectAcl",
        {
            "AccessControlPolicy": {
                "CannedAccessControlList": "private",
                "AccessControlList": {"Owner": {"ID": "0wner"}},
            }
        },
        "parameters.access_control_policy", "either a canned ACL, or an owner and grants",
    ),
    "grants without an owner": (
        "S3PutObjectAcl", {"AccessControlPolicy": {"AccessControlList": {"Grants": []}}},
        "parameters.access_control_policy.access_control_list.owner", "required",
    ),
    "no days": (
        "S3InitiateRestoreObject", {"expiration_in_days": 0},
        "parameters.expiration_in_days", "Give 1 or more.",
    ),
    "an expedited restore": (
        "S3InitiateRestoreObject", {"GlacierJobTier": "EXPEDITED"},
        "parameters.glacier_job_tier", "'STANDARD' or 'BULK'",
    ),
    "no retention": ("S3PutObjectRetention", {}, RETENTION, "required"),
    "a mode without a date": (
        "S3PutObjectRetention", {"retention": {"mode": "GOVERNANCE"}},
        RETENTION, "goes with a retain-until date",
    ),
    "a date without a mode": (
        "S3PutObjectRetention", {"retention": {"retain_until_date": "2030-01-02T03:04:05Z"}},
        RETENTION, "goes with a mode",
    ),
    "a date that is none": (
        "S3PutObjectRetention", {"retention": {"mode": "GOVERNANCE", "retain_until_date": "soon"}},
        f"{RETENTION}.retain_until_date", "a date and a time",
    ),
    "a status in lower case": (
        "S3PutObjectLegalHold", {"legal_hold": {"status": "on"}},
        "parameters.legal_hold.status", "'ON' or 'OFF'",
    ),
    "an alias": (
        "S3UpdateObjectEncryption",
        {"object_encryption": {"sse_kms": {"kms_key_arn": "alias/photos"}}},
        "parameters.object_encryption.sse_kms.kms_key_arn", "whole ARN of a key",
    ),
    "no key": (
        "S3UpdateObjectEncryption", {"ObjectEncryption": {"SSEKMS": {}}},
        "parameters.object_encryption.sse_kms.kms_key_arn", "required",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("operation", "parameters", "field", "told"), FAULTS.values(), ids=list(FAULTS)
)
def test_a_fault_is_told_by_the_path_of_the_parameter(
    post: Post, asked: Asked, operation: str, parameters: dict[str, Any], field: str, told: str
) -> None:
    fields = fields_of(post(JOBS, asked(operation=operation, parameters=parameters)))

    assert list(fields) == [field]
    assert told in fields[field][0]
