"""Handing in: what is checked, kept and begun when a manifest or a job is handed in."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.db import IntegrityError
from pytest_django import DjangoCaptureOnCommitCallbacks

from jobs import background, services, submission
from jobs.errors import Conflict, InvalidRequest
from jobs.models import Job, JobEvent, Manifest, Role
from jobs.spool import spool
from jobs.status import JobStatus
from tests.conftest import OTHER_ACCOUNT, MakeJob, MakeManifest

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

TWO = b"photos,a.jpg\nphotos,b.jpg\n"
TOKEN = "once"


@pytest.fixture
def rings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One entry for each time that the bell was rung."""
    heard: list[str] = []
    monkeypatch.setattr(background, "ring", lambda: heard.append("ring"))
    return heard


@pytest.fixture
def asked(role: Role, make_manifest: MakeManifest) -> dict[str, Any]:
    return {
        "operation": "S3PutObjectTagging",
        "parameters": {"tag_set": [{"key": "project", "value": "lading"}]},
        "manifest": {"id": str(make_manifest(TWO).pk)},
        "role": role.name,
    }


# ---- uploading


def test_an_upload_is_kept_as_it_came(user: User, spool_folder: Path) -> None:
    manifest = services.store_upload(
        user, ContentFile(TWO), filename="list.csv", fields=["Bucket", "Key"]
    )

    manifest.refresh_from_db()
    with spool.open(manifest.upload) as kept:
        assert kept.read() == TWO
    assert manifest.sha256 == hashlib.sha256(TWO).hexdigest()
    assert (manifest.size, manifest.filename) == (len(TWO), "list.csv")
    assert (manifest.created_by, manifest.account_id) == (user, "000000000000")


def test_an_upload_belongs_to_the_account_of_its_maker(other_user: User) -> None:
    manifest = services.store_upload(
        other_user, ContentFile(TWO), filename="list.csv", fields=["Bucket", "Key"]
    )

    assert manifest.account_id == OTHER_ACCOUNT


@pytest.mark.parametrize(
    ("content", "fields", "field"),
    [
        (b"", ["Bucket", "Key"], "file"),
        (b"a\n", ["Bucket", "Key"], "file"),
        (TWO, ["Key"], "fields"),
    ],
)
def test_an_upload_that_is_refused_leaves_nothing(
    user: User, spool_folder: Path, content: bytes, fields: list[str], field: str
) -> None:
    with pytest.raises(InvalidRequest) as error:
        services.store_upload(user, ContentFile(content), filename="x", fields=fields)

    assert set(error.value.fields) == {field}
    assert Manifest.objects.count() == 0
    assert not [file for file in spool_folder.rglob("*") if file.is_file()]


# ---- creating


def test_a_job_begins_in_new_with_an_event_and_a_ring_after_the_commit(
    user: User,
    asked: dict[str, Any],
    rings: list[str],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        job = services.create_job(user, asked)
    assert rings == []
    for callback in callbacks:
        callback()

    assert rings == ["ring"]
    assert job.state is JobStatus.NEW
    assert job.created_at is not None
    assert (job.account_id, job.created_by) == ("000000000000", user)
    event = job.events.get()
    assert (event.actor, event.from_status, event.to_status) == ("ada", "", "New")


def test_what_is_wrong_leaves_neither_a_job_nor_a_manifest(
    user: User, asked: dict[str, Any], s3: S3Client, rings: list[str]
) -> None:
    s3.put_object(Bucket="manifests", Key="list.csv", Body=TWO)
    wrong = {
        **asked,
        "manifest": {"location": "s3://manifests/list.csv"},
        "report": {"enabled": True, "bucket": "nowhere"},
    }

    with pytest.raises(InvalidRequest) as error:
        services.create_job(user, wrong)

    assert set(error.value.fields) == {"report.bucket"}
    assert Job.objects.count() == 0
    assert Manifest.objects.filter(bucket="manifests").count() == 0
    assert rings == []


def test_a_report_that_is_not_wanted_is_not_asked_of_the_store(
    user: User, asked: dict[str, Any]
) -> None:
    job = services.create_job(user, {**asked, "report": {"enabled": False, "bucket": "nowhere"}})

    assert job.report_enabled is False


def test_a_token_repeats_a_job_only_for_the_same_request(user: User, asked: dict[str, Any]) -> None:
    first = services.create_job(user, {**asked, "client_request_token": TOKEN})

    again = services.create_job(user, {**asked, "client_request_token": TOKEN})
    with pytest.raises(Conflict):
        services.create_job(user, {**asked, "client_request_token": TOKEN, "priority": 1})

    assert again == first
    assert Job.objects.count() == JobEvent.objects.count() == 1


def test_a_token_of_another_account_does_not_count(
    user: User, asked: dict[str, Any], make_job: MakeJob
) -> None:
    theirs = make_job(account_id=OTHER_ACCOUNT, client_request_token=TOKEN)

    mine = services.create_job(user, {**asked, "client_request_token": TOKEN})

    assert mine != theirs


def test_of_two_requests_that_race_with_one_token_both_get_the_same_job(
    user: User, asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    request = {**asked, "client_request_token": TOKEN}
    winner = services.create_job(user, request)
    look = submission._repeated
    answers = iter([None])
    # The loser looked before the winner had committed.
    monkeypatch.setattr(submission, "_repeated", lambda *args: next(answers, look(*args)))

    loser = services.create_job(user, request)

    assert loser == winner
    assert Job.objects.count() == 1


def test_a_clash_that_is_not_of_tokens_is_not_hidden(
    user: User, asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def clash(*args: object, **kwargs: object) -> None:
        raise IntegrityError("another constraint")

    monkeypatch.setattr(Job, "save", clash)

    with pytest.raises(IntegrityError, match="another constraint"):
        services.create_job(user, {**asked, "client_request_token": TOKEN})
