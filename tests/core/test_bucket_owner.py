"""The account that must own the report bucket (spec.md 6.1). moto owns all: refusals are played."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from django.contrib.auth.models import User

from jobs import services, stores, submission, working
from jobs.errors import InvalidRequest, JobFailure
from jobs.models import Job, Role
from operations.put_object_tagging import PutObjectTagging
from tests.conftest import MakeManifest, PutObjects
from tests.core.scripted import reply_to

OWNER, STRANGER = "123456789012", "210987654321"
HEADER = "x-amz-expected-bucket-owner"
TAGS = {"tag_set": [{"key": "project", "value": "lading"}]}

Ask = Callable[..., Job]


@pytest.fixture
def owned(s3: Any, role: Role) -> list[tuple[str, str | None]]:
    """A store that knows the owner; what was sent to the report bucket, with which owner."""
    seen: list[tuple[str, str | None]] = []

    def refuse(request: Any, **_: object) -> AWSResponse | None:
        if "/reports" not in request.url and "//reports." not in request.url:
            return None
        told = request.headers.get(HEADER)
        told = told.decode() if isinstance(told, bytes) else told
        seen.append((request.method, told))
        return reply_to(request, 403, "AccessDenied") if told not in (None, OWNER) else None

    stores.s3_for(role).meta.events.register_first("before-send.s3", refuse)
    return seen


@pytest.fixture
def ask(user: User, role: Role, make_manifest: MakeManifest, put_objects: PutObjects) -> Ask:
    """Ask for a job with a report: ask(expected_bucket_owner="123456789012")."""
    put_objects("a.jpg")

    def create(**report: Any) -> Job:
        manifest = make_manifest(b"photos,a.jpg\n")
        request = {
            "operation": "S3PutObjectTagging",
            "parameters": TAGS,
            "manifest": {"id": str(manifest.pk)},
            "role": role.name,
            "confirmation_required": False,
            "report": {"enabled": True, "bucket": "reports", **report},
        }
        return services.create_job(user, request)

    return create


def work() -> None:
    working.work("test-node", lambda: False)


def end_of(job: Job) -> tuple[str, list[str]]:
    job.refresh_from_db()
    return job.status, [told["FailureCode"] for told in job.failure_reasons]


def test_the_owner_goes_with_every_write_of_the_report(
    ask: Ask, owned: list[tuple[str, str | None]]
) -> None:
    job = ask(expected_bucket_owner=OWNER)
    work()

    assert end_of(job) == ("Complete", [])
    writes = [owner for method, owner in owned if method in ("PUT", "POST")]
    assert len(writes) >= 4
    assert set(writes) == {OWNER}


def test_no_owner_is_sent_where_none_is_given(
    ask: Ask, owned: list[tuple[str, str | None]]
) -> None:
    ask()
    work()

    assert {owner for _, owner in owned} == {None}


def test_a_wrong_owner_is_told_when_the_job_is_created(
    ask: Ask, owned: list[tuple[str, str | None]]
) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        ask(expected_bucket_owner=STRANGER)

    assert refusal.value.fields == {
        "report.expected_bucket_owner": [
            f"The report bucket reports does not belong to account {STRANGER}."
        ]
    }


def test_a_bucket_that_changed_hands_fails_the_job_before_its_first_task(
    ask: Ask, owned: list[tuple[str, str | None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submission, "check_report", lambda _job: None)
    job = ask(expected_bucket_owner=STRANGER)
    work()

    assert end_of(job) == ("Failed", ["BucketOwnerMismatch"])
    assert job.executed == 0


def test_a_bucket_that_changes_hands_while_the_job_runs_fails_it_once_its_tasks_are_done(
    ask: Ask, owned: list[tuple[str, str | None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submission, "check_report", lambda _job: None)
    monkeypatch.setattr("jobs.preparing.check_report", lambda _job: None)
    job = ask(expected_bucket_owner=STRANGER)
    work()

    assert end_of(job) == ("Failed", ["BucketOwnerMismatch"])
    assert (job.succeeded, job.report_files.count()) == (1, 3), "the report is kept in the spool"


def test_a_missing_permission_is_not_taken_for_a_wrong_owner(role: Role, s3: Any) -> None:
    stores.s3_for(role).meta.events.register_first(
        "before-send.s3", lambda request, **_: reply_to(request, 403, "AccessDenied")
    )

    with pytest.raises(JobFailure) as failure:
        stores.check_writable(role, "reports", "k", STRANGER)

    assert failure.value.code == "ReportWriteFailed"


def test_an_operation_that_needs_a_report_runs_with_one_and_its_owner(
    ask: Ask, owned: list[tuple[str, str | None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PutObjectTagging, "needs_report", True)
    job = ask(expected_bucket_owner=OWNER)
    work()

    assert end_of(job) == ("Complete", [])


@pytest.mark.parametrize("owner", ["", "42", "12345678901a", "1234567890123", "१२३४५६७८९०१२"])
def test_what_is_no_account_is_refused(ask: Ask, s3: Any, owner: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        ask(expected_bucket_owner=owner)

    assert refusal.value.fields == {
        "report.expected_bucket_owner": ["An account id has 12 digits."]
    }


def test_a_report_that_is_not_wanted_keeps_no_owner(ask: Ask, s3: Any) -> None:
    job = ask(enabled=False, expected_bucket_owner=OWNER)

    assert job.report_expected_owner == ""
