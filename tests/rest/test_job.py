"""GET /api/v1/jobs/{id}/: what is seen of a job, and by whom."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from jobs.models import Job, Lane
from tests.conftest import OTHER_ACCOUNT, SECRET, MakeJob, MakeSlice

JOBS = "/api/v1/jobs/"
SUB_RESOURCES = ["", "results/", "report/", "report/1/", "events/"]


def ids_of(client: Client, query: str = "") -> list[str]:
    response = client.get(f"{JOBS}{query}")
    assert response.status_code == 200, response.text
    return [row["id"] for row in response.json()["results"]]


# ---- one job


def test_a_job_is_shown_in_full(client: Client, make_job: MakeJob) -> None:
    job = make_job(
        id="2f6f9f0e-5a0c-4f0b-9f1a-8f3d1c2b7a11",
        status="Active",
        description="Tag the photos",
        priority=7,
        total_tasks=40,
        succeeded=12,
        failed=1,
        confirmation_required=False,
        client_request_token="once",
        tags={"team": "web"},
        report_enabled=True,
        report_bucket="reports",
        report_prefix="nightly",
        report_scope="AllTasks",
        status_update_reason="go",
    )
    Job.objects.filter(pk=job.pk).update(created_at=datetime(2026, 1, 5, 10, 0, tzinfo=UTC))

    shown = client.get(f"{JOBS}{job.pk}/").json()

    links = shown.pop("links")
    manifest = shown.pop("manifest")
    assert 60 <= shown["progress"].pop("elapsed_active_seconds") < 90
    assert shown == {
        "id": "2f6f9f0e-5a0c-4f0b-9f1a-8f3d1c2b7a11",
        "url": f"http://testserver/api/v1/jobs/{job.pk}/",
        "arn": f"arn:aws:s3:us-east-1:000000000000:job/{job.pk}",
        "status": "Active",
        "description": "Tag the photos",
        "operation": "S3PutObjectTagging",
        "parameters": {"tag_set": [{"key": "project", "value": "lading"}]},
        "priority": 7,
        "hold": None,
        "requests_per_second": None,
        "failure_threshold": None,
        "run_window": None,
        "role": {"name": "archive", "arn": "arn:aws:iam::000000000000:role/archive"},
        "report": {
            "enabled": True, "bucket": "reports", "expected_bucket_owner": None,
            "prefix": "nightly", "scope": "AllTasks",
        },
        "confirmation_required": False,
        "client_request_token": "once",
        "progress": {
            "total": 40, "succeeded": 12, "failed": 1, "remaining": 27, "in_doubt": 0,
            "provisional": {"succeeded": 0, "failed": 0},
        },
        "preparing": {"rows_read": 0, "bytes_read": 0, "total_bytes": None},
        "generated_manifest": None,
        "parent": None,
        "failure_reasons": [],
        "status_update_reason": "go",
        "created_at": "2026-01-05T10:00:00Z",
        "suspended_at": None,
        "suspended_cause": "",
        "terminated_at": None,
        "tags": {"team": "web"},
    }  # fmt: skip
    assert manifest["location"] == "s3://manifests/list.csv"
    assert manifest["fields"] == ["Bucket", "Key"]
    assert links.pop("children") == f"http://testserver{JOBS}?parent={job.pk}"
    assert set(links) == {
        *("confirm", "cancel", "pause", "resume", "priority", "speed", "window", "retry"),
        *("tags", "results", "report", "events"),
    }
    assert all(link.startswith(f"http://testserver{JOBS}{job.pk}/") for link in links.values())


def test_the_links_of_a_job_lead_somewhere(client: Client, make_job: MakeJob) -> None:
    job = make_job(status="Active")

    links = client.get(f"{JOBS}{job.pk}/").json()["links"]

    for name in ("tags", "results", "report", "events", "children"):
        assert client.get(links[name]).status_code == 200
    for name in ("confirm", "cancel", "pause", "resume", "priority", "speed", "window", "retry"):
        assert client.get(links[name]).status_code == 405


def test_failure_reasons_have_a_code_and_a_reason(client: Client, make_job: MakeJob) -> None:
    told = {"FailureCode": "ManifestNotFound", "FailureReason": "It is gone."}
    job = make_job(status="Failed", failure_reasons=[told])

    shown = client.get(f"{JOBS}{job.pk}/").json()

    assert shown["failure_reasons"] == [{"code": "ManifestNotFound", "reason": "It is gone."}]
    assert shown["terminated_at"] is not None
    assert shown["progress"]["elapsed_active_seconds"] == 90


def test_no_secret_of_the_role_is_shown(client: Client, make_job: MakeJob) -> None:
    job = make_job()

    text = client.get(f"{JOBS}{job.pk}/").text

    assert SECRET not in text
    assert job.role.sealed_secret not in text
    assert job.role.access_key_id not in text


@pytest.mark.parametrize(("status", "in_doubt"), [("Cancelled", 3), ("Active", 0)])
def test_rows_that_an_ended_job_had_started_and_not_committed_are_in_doubt(
    client: Client, make_job: MakeJob, make_slice: MakeSlice, status: str, in_doubt: int
) -> None:
    job = make_job(status=status, total_tasks=6)
    make_slice(job, ["photos,a", "photos,b", "photos,c"], next_index=1, started_upto=3)
    make_slice(job, ["photos,d"], next_index=0, started_upto=1)
    make_slice(job, ["photos,e", "photos,f"], next_index=2, started_upto=1)

    progress = client.get(f"{JOBS}{job.pk}/").json()["progress"]

    assert progress["in_doubt"] == in_doubt


def test_what_lanes_that_are_not_silent_have_at_hand_is_provisional(
    client: Client, make_job: MakeJob
) -> None:
    job = make_job(status="Active", succeeded=10)
    now = timezone.now()
    at = {"node": "box", "host": "box", "pid": 7, "process_start": 1, "job": job}
    Lane.objects.create(owner="box/1", succeeded=5, failed=1, **at)
    Lane.objects.create(owner="box/2", succeeded=2, **at)
    Lane.objects.create(owner="silent/3", failed=9, beat_at=now - timedelta(seconds=6), **at)

    progress = client.get(f"{JOBS}{job.pk}/").json()["progress"]

    assert progress["provisional"] == {"succeeded": 7, "failed": 1}
    assert progress["succeeded"] == 10


# ---- jobs of others


@pytest.mark.parametrize("path", SUB_RESOURCES)
def test_a_job_of_another_account_is_not_found(
    client: Client, make_job: MakeJob, path: str
) -> None:
    theirs = make_job(account_id=OTHER_ACCOUNT)

    response = client.get(f"{JOBS}{theirs.pk}/{path}")

    assert response.status_code == 404
    assert response.json()["code"] == "NotFound"
    assert response.json()["message"] == "The specified job does not exist."


@pytest.mark.parametrize("verb", ["confirm", "cancel", "pause", "resume", "priority", "window"])
def test_a_job_of_another_account_cannot_be_decided_on(
    client: Client, make_job: MakeJob, verb: str
) -> None:
    theirs = make_job(account_id=OTHER_ACCOUNT, status="Suspended")

    response = client.post(
        f"{JOBS}{theirs.pk}/{verb}/", {"priority": 1}, content_type="application/json"
    )

    assert response.status_code == 404
    theirs.refresh_from_db()
    assert (theirs.status, theirs.priority) == ("Suspended", 10)


def test_each_account_lists_its_own_jobs(
    client: Client, anonymous: Client, other_user: User, make_job: MakeJob
) -> None:
    mine, theirs = make_job(), make_job(account_id=OTHER_ACCOUNT)
    anonymous.force_login(other_user)

    assert ids_of(client) == [str(mine.pk)]
    assert ids_of(anonymous) == [str(theirs.pk)]


def test_a_job_that_ended_more_than_90_days_ago_is_gone(client: Client, make_job: MakeJob) -> None:
    now = timezone.now()
    kept = make_job(status="Complete", terminated_at=now - timedelta(days=89))
    old = make_job(status="Complete", terminated_at=now - timedelta(days=91))

    assert ids_of(client) == [str(kept.pk)]
    assert client.get(f"{JOBS}{old.pk}/").status_code == 404
