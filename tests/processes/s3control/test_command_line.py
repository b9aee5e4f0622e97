"""The AWS CLI as PyPI has it: every call about jobs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.processes.installation import until
from tests.processes.s3control.conftest import KEYS, ROLE, SECONDS, Wired, report

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("s3control")]

TAGGING = {"S3PutObjectTagging": {"TagSet": [{"Key": "k1", "Value": "v 1"}]}}


def job_of(wired: Wired, job_id: str) -> dict[str, Any]:
    told: dict[str, Any] = wired.aws("describe-job", "--job-id", job_id)["Job"]
    return told


def options(wired: Wired) -> list[str]:
    """create-job, option by option."""
    return [
        *("--operation", json.dumps(TAGGING)),
        *("--report", json.dumps(report())),
        *("--manifest", json.dumps(wired.put_manifest())),
        *("--priority", "42", "--role-arn", ROLE),
    ]


def test_a_job_without_confirmation_runs_by_itself(wired: Wired) -> None:
    made = wired.aws("create-job", *options(wired), "--no-confirmation-required")["JobId"]

    job = wired.ended(made)

    assert job["Status"] == "Complete"
    assert job["ConfirmationRequired"] is False
    assert job["ProgressSummary"]["NumberOfTasksSucceeded"] == len(KEYS)


def test_a_job_is_created_looked_at_and_confirmed(wired: Wired) -> None:
    made = wired.aws(
        "create-job", *options(wired), "--description", "by hand", "--tags", "Key=a,Value=b"
    )["JobId"]
    until(lambda: job_of(wired, made)["Status"] == "Suspended", SECONDS, "the job to wait")

    job = job_of(wired, made)
    assert (job["Priority"], job["Description"]) == (42, "by hand")
    assert job["Operation"] == TAGGING
    assert job["ConfirmationRequired"] is True
    assert job["FailureReasons"] == []
    listed = wired.aws("list-jobs", "--job-statuses", "Suspended", "Active", "--max-results", "5")
    assert made in [one["JobId"] for one in listed["Jobs"]]

    told = wired.aws("update-job-priority", "--job-id", made, "--priority", "98")
    assert told == {"JobId": made, "Priority": 98}
    told = wired.aws(
        *("update-job-status", "--job-id", made, "--requested-job-status", "Ready"),
        *("--status-update-reason", "it is right"),
    )
    assert told == {"JobId": made, "Status": "Ready", "StatusUpdateReason": "it is right"}
    assert wired.ended(made)["Status"] == "Complete"


def test_a_job_is_created_of_a_document(wired: Wired) -> None:
    document = {
        "ConfirmationRequired": True,
        "Operation": {"S3PutObjectRetention": {
            "Retention": {"Mode": "GOVERNANCE", "RetainUntilDate": "2031-01-02T03:04:05"},
        }},
        "Report": {"Enabled": False},
        "ManifestGenerator": {"S3JobManifestGenerator": {
            "SourceBucket": "arn:aws:s3:::photos",
            "EnableManifestOutput": False,
            "Filter": {"CreatedAfter": "2019-01-01", "MatchAnyObjectEncryption": [{"NOTSSE": {}}]},
        }},
        "Priority": 0,
        "RoleArn": ROLE,
        "ClientRequestToken": "of a document",
        "Tags": [{"Key": "team", "Value": "web"}],
    }  # fmt: skip
    made = wired.aws("create-job", "--cli-input-json", json.dumps(document))["JobId"]

    again = wired.aws("create-job", "--cli-input-json", json.dumps(document))["JobId"]
    job = job_of(wired, made)

    assert again == made
    retention = job["Operation"]["S3PutObjectRetention"]["Retention"]
    assert retention["RetainUntilDate"].startswith("2031-01-02T03:04:05")
    chosen = job["ManifestGenerator"]["S3JobManifestGenerator"]["Filter"]
    assert chosen["MatchAnyObjectEncryption"] == [{"NOTSSE": {}}]
    assert chosen["CreatedAfter"].startswith("2019-01-01T00:00:00")


def test_a_job_is_cancelled_before_it_did_anything(wired: Wired) -> None:
    made = wired.aws("create-job", *options(wired))["JobId"]

    told = wired.aws("update-job-status", "--job-id", made, "--requested-job-status", "Cancelled")

    assert told == {"JobId": made, "Status": "Cancelled"}
    assert job_of(wired, made)["Status"] == "Cancelled"


def test_tags_are_put_read_and_removed(wired: Wired) -> None:
    made = wired.aws("create-job", *options(wired))["JobId"]
    tags = [{"Key": "Straße 1", "Value": ""}, {"Key": "team", "Value": "web"}]

    assert wired.aws("put-job-tagging", "--job-id", made, "--tags", json.dumps(tags)) is None
    assert wired.aws("get-job-tagging", "--job-id", made) == {"Tags": tags}
    assert wired.aws("delete-job-tagging", "--job-id", made) is None
    assert wired.aws("get-job-tagging", "--job-id", made) == {"Tags": []}

    wired.aws("update-job-status", "--job-id", made, "--requested-job-status", "Cancelled")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("describe-job", "--job-id", "no such/job"), "NotFoundException"),
        (("list-jobs", "--next-token", "made up"), "InvalidNextTokenException"),
        (("list-jobs", "--job-statuses", "Done"), "InvalidRequestException"),
    ],
)
def test_a_fault_is_told_by_its_name(wired: Wired, arguments: tuple[str, ...], code: str) -> None:
    place = ("--region", "snow", "--endpoint-url", wired.installation.url(""))

    done = wired.run(*arguments, *place)

    assert done.returncode not in {0, None}
    assert f"({code})" in done.stderr


def test_the_account_of_another_is_refused(wired: Wired) -> None:
    place = ("--region", "snow", "--endpoint-url", wired.installation.url(""))

    done = wired.run("list-jobs", *place, account="999988887777")

    assert done.returncode not in {0, None}
    assert "(AccessDenied)" in done.stderr
