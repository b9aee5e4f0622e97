"""Every operation through the form: what is typed becomes its parameters, and faults are named."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from jobs.models import Job
from jobs.pages.members import described
from jobs.requests import parse_operation
from tests.pages.conftest import HTMX, TAGS, Fill, send
from tests.pages.test_bad_input import fault_of

KEY_ARN = "arn:aws:kms:eu-west-1:111122223333:key/1a2b"
POLICY = "access_control_policy"
LIST = f"{POLICY}.access_control_list"

TYPED: dict[str, tuple[str, dict[str, str], dict[str, Any]]] = {
    # what is typed: (the operation, its fields, the parameters of the job)
    "no parameters": ("S3DeleteObjectTagging", {}, {}),
    "a canned ACL": (
        "S3PutObjectAcl",
        {f"{POLICY}.canned_access_control_list": "public-read"},
        {"AccessControlPolicy": {"CannedAccessControlList": "public-read"}},
    ),
    "an owner and grants": (
        "S3PutObjectAcl",
        {f"{LIST}.owner.id": "0wner", f"{LIST}.grants": "READ id=0a1b\r\nwrite_acp uri=http://x"},
        {
            "AccessControlPolicy": {
                "AccessControlList": {
                    "Owner": {"ID": "0wner"},
                    "Grants": [
                        {
                            "Grantee": {"TypeIdentifier": "id", "Identifier": "0a1b"},
                            "Permission": "READ",
                        },
                        {
                            "Grantee": {"TypeIdentifier": "uri", "Identifier": "http://x"},
                            "Permission": "WRITE_ACP",
                        },
                    ],
                }
            }
        },
    ),
    "a restore from Glacier": (
        "S3InitiateRestoreObject",
        {"expiration_in_days": "7", "glacier_job_tier": "BULK"},
        {"ExpirationInDays": 7, "GlacierJobTier": "BULK"},
    ),
    "a restore from Intelligent-Tiering": (
        "S3InitiateRestoreObject",
        {"expiration_in_days": "", "glacier_job_tier": "STANDARD"},
        {"GlacierJobTier": "STANDARD"},
    ),
    "a fixed date": (
        "S3PutObjectRetention",
        {"retention.mode": "GOVERNANCE", "retention.retain_until_date": "2030-01-02T03:04:05"},
        {"Retention": {"Mode": "GOVERNANCE", "RetainUntilDate": "2030-01-02T03:04:05Z"}},
    ),
    "an event": (
        "S3PutObjectRetention",
        {
            "retention.mode": "COMPLIANCE",
            "retention.event_hold": "ON",
            "retention.event_hold_duration.years": "2",
        },
        {
            "Retention": {
                "Mode": "COMPLIANCE",
                "EventHold": "ON",
                "EventHoldDuration": {"Years": 2},
            }
        },
    ),
    "a removal": (
        "S3PutObjectRetention",
        {"retention:empty": "on", "bypass_governance_retention": "true"},
        {"Retention": {}, "BypassGovernanceRetention": True},
    ),
    "no bypass": (
        "S3PutObjectRetention",
        {"retention:empty": "on", "bypass_governance_retention": "false"},
        {"Retention": {}, "BypassGovernanceRetention": False},
    ),
    "a hold": (
        "S3PutObjectLegalHold",
        {"legal_hold.status": "OFF"},
        {"LegalHold": {"Status": "OFF"}},
    ),
    "a key": (
        "S3UpdateObjectEncryption",
        {
            "object_encryption.sse_kms.kms_key_arn": KEY_ARN,
            "object_encryption.sse_kms.bucket_key_enabled": "",
        },
        {"ObjectEncryption": {"SSEKMS": {"KMSKeyArn": KEY_ARN}}},
    ),
}


def typed(filled: Fill, operation: str, fields: dict[str, str]) -> dict[str, Any]:
    names = {f"{operation}-{name}": text for name, text in fields.items()}
    return filled(operation=operation, report_enabled=None, **{TAGS: None}, **names)


@pytest.mark.parametrize("name", TYPED)
def test_what_is_typed_becomes_the_parameters_of_the_job(
    client: Client, filled: Fill, name: str
) -> None:
    operation, fields, parameters = TYPED[name]

    status, page = send(client, typed(filled, operation, fields))

    assert status == 302, page[page.find("The job was not created.") :][:2000]
    job = Job.objects.get()
    assert (job.operation, job.parameters) == (operation, parameters)


EITHER = "Give either a canned ACL, or an owner and grants."
REFUSED: dict[str, tuple[str, dict[str, str], str, str]] = {
    # what is wrong: (the operation, its fields, the field that is named, what is said of it)
    "no ACL": ("S3PutObjectAcl", {}, f"{POLICY}.canned_access_control_list", EITHER),
    "a canned ACL and grants": (
        "S3PutObjectAcl",
        {
            f"{POLICY}.canned_access_control_list": "private",
            f"{LIST}.owner.id": "0wner",
            f"{LIST}.grants": "READ id=0a1b",
        },
        f"{POLICY}.canned_access_control_list",
        EITHER,
    ),
    "grants without an owner": (
        "S3PutObjectAcl",
        {f"{LIST}.grants": "READ id=0a1b"},
        f"{LIST}.owner.id",
        "This field is required.",
    ),
    "a WRITE grant": (
        "S3PutObjectAcl",
        {f"{LIST}.owner.id": "0wner", f"{LIST}.grants": "READ id=0a1b\nWRITE id=0a1b"},
        f"{LIST}.grants",
        "Entry 2: WRITE has no meaning for an object",
    ),
    "a grant that cannot be read": (
        "S3PutObjectAcl",
        {f"{LIST}.grants": "READ"},
        f"{LIST}.grants",
        "Line 1: write PERMISSION id=…",
    ),
    "no days": (
        "S3InitiateRestoreObject",
        {"expiration_in_days": "0"},
        "expiration_in_days",
        "Give 1 or more.",
    ),
    "days in words": (
        "S3InitiateRestoreObject",
        {"expiration_in_days": "a week"},
        "expiration_in_days",
        "Enter a whole number.",
    ),
    "an expedited restore": (
        "S3InitiateRestoreObject",
        {"glacier_job_tier": "EXPEDITED"},
        "glacier_job_tier",
        "Select a valid choice.",
    ),
    "an empty retention by mistake": (
        "S3PutObjectRetention",
        {"bypass_governance_retention": "true"},
        "retention:empty",
        "Fill in the retention, or tick “Remove the retention of each object”.",
    ),
    "a retention and its removal": (
        "S3PutObjectRetention",
        {"retention.mode": "GOVERNANCE", "retention:empty": "on"},
        "retention:empty",
        "Fill in the retention, or tick “Remove the retention of each object”, not both.",
    ),
    "a duration and a removal": (
        "S3PutObjectRetention",
        {"retention.event_hold_duration.days": "3", "retention:empty": "on"},
        "retention:empty",
        "Fill in the retention, or tick “Remove the retention of each object”, not both.",
    ),
    "a mode without a date": (
        "S3PutObjectRetention",
        {"retention.mode": "GOVERNANCE"},
        "retention.mode",
        "A mode goes with a retain-until date or an event hold.",
    ),
    "a duration of both units": (
        "S3PutObjectRetention",
        {
            "retention.event_hold": "ON",
            "retention.event_hold_duration.days": "3",
            "retention.event_hold_duration.years": "3",
        },
        "retention.event_hold_duration.days",
        "Give either days or years.",
    ),
    "no status": ("S3PutObjectLegalHold", {}, "legal_hold.status", "This field is required."),
    "no key": (
        "S3UpdateObjectEncryption",
        {"object_encryption.sse_kms.bucket_key_enabled": "true"},
        "object_encryption.sse_kms.kms_key_arn",
        "This field is required.",
    ),
    "an alias": (
        "S3UpdateObjectEncryption",
        {"object_encryption.sse_kms.kms_key_arn": "alias/photos"},
        "object_encryption.sse_kms.kms_key_arn",
        "Give the whole ARN of a key",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_each_fault_is_told_once_and_beside_its_field(
    client: Client, filled: Fill, name: str
) -> None:
    operation, fields, field, text = REFUSED[name]

    status, page = send(client, typed(filled, operation, fields))

    assert status == 422
    assert fault_of(page, f"{operation}-{field}").startswith(text)
    summary = page[page.index("The job was not created.") : page.index("</ul>")]
    assert summary.count("<li>") == 1
    assert not Job.objects.exists()


def test_what_is_needed_is_not_folded_away(client: Client, filled: Fill) -> None:
    filled()
    for operation, folded in (
        ("S3PutObjectLegalHold", 0),
        ("S3UpdateObjectEncryption", 0),
        ("S3PutObjectAcl", 1),
        ("S3PutObjectRetention", 1),
    ):
        path = f"/jobs/new/?operation={operation}"
        fragment = client.get(path, headers=HTMX).content.decode()

        assert fragment.count('<details class="group"') == folded


def test_the_removal_of_a_retention_is_shown_on_the_page_of_the_job() -> None:
    removal = parse_operation("S3PutObjectRetention", {"retention": {"mode": None}})
    fixed = parse_operation(
        "S3PutObjectRetention",
        {"retention": {"mode": "GOVERNANCE", "retain_until_date": "2030-01-02T03:04:05Z"}},
    )

    assert described(removal) == [("Retention", "Remove the retention of each object")]
    assert described(fixed) == [("Mode", "GOVERNANCE"), ("Retain until", "2030-01-02 03:04:05 UTC")]


def test_an_acl_is_shown_with_its_owner_and_grants() -> None:
    grantee = {"type_identifier": "id", "identifier": "0a1b"}
    acl = {"owner": {"id": "0wner"}, "grants": [{"grantee": grantee, "permission": "READ"}]}
    operation = parse_operation("S3PutObjectAcl", {POLICY: {"access_control_list": acl}})

    assert described(operation) == [
        ("Access control list: Owner", "0wner"),
        ("Access control list: Grants", "READ id=0a1b"),
    ]
