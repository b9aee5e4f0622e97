"""POST confirm/, cancel/, priority/ and speed/: what people decide."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from jobs.status import CONFIRMABLE, FINAL, TOUCHED, UNTOUCHED, JobStatus
from tests.conftest import OTHER_ACCOUNT, MakeJob
from tests.rest.conftest import Post

ENDING = set(JobStatus) - TOUCHED - UNTOUCHED


def path(job: Any, verb: str) -> str:
    return f"/api/v1/jobs/{job.pk}/{verb}/"


# ---- confirm


def test_a_suspended_job_is_confirmed(post: Post, make_job: MakeJob, user: User) -> None:
    job = make_job(status="Suspended")

    response = post(path(job, "confirm"), {"reason": "looks right"})

    assert response.status_code == 200
    assert response.json()["status"] == "Ready"
    assert response.json()["status_update_reason"] == "looks right"
    event = job.events.get()
    assert (event.actor, event.from_status, event.to_status) == (
        user.username,
        "Suspended",
        "Ready",
    )
    assert event.reason == "looks right"


def test_a_decision_needs_no_body(client: Client, make_job: MakeJob) -> None:
    job = make_job(status="Suspended")

    response = client.generic("POST", path(job, "confirm"))

    assert response.status_code == 200
    assert response.json()["status"] == "Ready"


@pytest.mark.parametrize("status", sorted(set(JobStatus) - CONFIRMABLE))
def test_only_a_suspended_job_can_be_confirmed(
    post: Post, make_job: MakeJob, status: JobStatus
) -> None:
    job = make_job(status=status)

    response = post(path(job, "confirm"))

    assert response.status_code == 409
    assert response.json()["code"] == "JobStatusException"
    assert f"The job is {status.value}" in response.json()["message"]
    job.refresh_from_db()
    assert (job.status, job.events.count()) == (status, 0)


def test_a_confirmed_job_cannot_be_confirmed_again(post: Post, make_job: MakeJob) -> None:
    job = make_job(status="Suspended")

    first, second = post(path(job, "confirm")), post(path(job, "confirm"))

    assert (first.status_code, second.status_code) == (200, 409)
    assert job.events.count() == 1


# ---- cancel


@pytest.mark.parametrize("status", sorted(UNTOUCHED))
def test_cancelling_a_job_that_has_done_nothing_ends_it_at_once(
    post: Post, make_job: MakeJob, status: JobStatus
) -> None:
    response = post(path(make_job(status=status), "cancel"), {"reason": "wrong list"})

    assert response.status_code == 200
    assert response.json()["status"] == "Cancelled"
    assert response.json()["status_update_reason"] == "wrong list"
    assert response.json()["terminated_at"] is not None


@pytest.mark.parametrize("status", sorted(TOUCHED))
def test_cancelling_a_job_at_work_lets_it_drain_first(
    post: Post, make_job: MakeJob, status: JobStatus
) -> None:
    response = post(path(make_job(status=status), "cancel"))

    assert response.status_code == 200
    assert response.json()["status"] == "Cancelling"
    assert response.json()["terminated_at"] is None


@pytest.mark.parametrize("status", sorted(ENDING))
def test_a_job_that_ends_or_has_ended_cannot_be_cancelled(
    post: Post, make_job: MakeJob, status: JobStatus
) -> None:
    job = make_job(status=status)

    response = post(path(job, "cancel"))

    assert response.status_code == 409
    assert response.json()["code"] == "JobStatusException"
    assert f"The job is {status.value}" in response.json()["message"]
    job.refresh_from_db()
    assert (job.status, job.events.count()) == (status, 0)


# ---- priority


@pytest.mark.parametrize("status", sorted(set(JobStatus) - FINAL))
@pytest.mark.parametrize("value", [0, 2_147_483_647])
def test_the_priority_changes_until_the_job_has_ended(
    post: Post, make_job: MakeJob, status: JobStatus, value: int
) -> None:
    job = make_job(status=status)

    response = post(path(job, "priority"), {"priority": value})

    assert response.status_code == 200
    assert (response.json()["priority"], response.json()["status"]) == (value, status)
    assert job.events.get().reason == f"priority set to {value}"


@pytest.mark.parametrize("status", sorted(FINAL))
def test_the_priority_of_a_job_that_has_ended_stays(
    post: Post, make_job: MakeJob, status: JobStatus
) -> None:
    job = make_job(status=status)

    response = post(path(job, "priority"), {"priority": 11})

    assert response.status_code == 409
    assert "its priority can change no more" in response.json()["message"]
    job.refresh_from_db()
    assert job.priority == 10


@pytest.mark.parametrize("value", [-1, 2_147_483_648, 1.5, "7", "high", True, None, [], {}])
def test_a_bad_priority_is_refused(post: Post, make_job: MakeJob, value: object) -> None:
    job = make_job(status="Active")

    response = post(path(job, "priority"), {"priority": value})

    assert response.status_code == 400
    assert response.json()["fields"] == {
        "priority": ["Give a whole number from 0 to 2147483647; higher goes first."]
    }
    job.refresh_from_db()
    assert job.priority == 10


def test_a_missing_priority_is_refused(post: Post, make_job: MakeJob) -> None:
    response = post(path(make_job(status="Active"), "priority"), {})

    assert response.status_code == 400
    assert "priority" in response.json()["fields"]


# ---- speed


@pytest.mark.parametrize("status", sorted(set(JobStatus) - FINAL))
@pytest.mark.parametrize("value", [1, 1_000_000])
def test_the_speed_changes_until_the_job_has_ended(
    post: Post, make_job: MakeJob, user: User, status: JobStatus, value: int
) -> None:
    job = make_job(status=status)

    response = post(path(job, "speed"), {"requests_per_second": value})

    assert response.status_code == 200
    shown = response.json()
    assert (shown["requests_per_second"], shown["status"]) == (value, status)
    event = job.events.get()
    assert event.reason == f"speed ceiling set to {value} requests per second"
    assert event.actor == user.username


def test_null_removes_the_ceiling(post: Post, make_job: MakeJob) -> None:
    job = make_job(status="Active", requests_per_second=50)

    response = post(path(job, "speed"), {"requests_per_second": None})

    assert response.status_code == 200
    assert response.json()["requests_per_second"] is None
    assert job.events.get().reason == "speed ceiling removed"


@pytest.mark.parametrize("status", sorted(FINAL))
@pytest.mark.parametrize("value", [20, None])
def test_the_speed_of_a_job_that_has_ended_stays(
    post: Post, make_job: MakeJob, status: JobStatus, value: int | None
) -> None:
    job = make_job(status=status, requests_per_second=50)

    response = post(path(job, "speed"), {"requests_per_second": value})

    assert response.status_code == 409
    assert "its speed can change no more" in response.json()["message"]
    job.refresh_from_db()
    assert (job.requests_per_second, job.events.count()) == (50, 0)


@pytest.mark.parametrize(
    "body",
    [
        {},
        *({"requests_per_second": value} for value in (0, -1, 1_000_001, 2**70, 1.5, 50.0)),
        *({"requests_per_second": value} for value in ("50", "", "fast", True, False, [], {})),
    ],
    ids=str,
)
def test_a_bad_speed_is_refused(post: Post, make_job: MakeJob, body: dict[str, object]) -> None:
    job = make_job(status="Active", requests_per_second=50)

    response = post(path(job, "speed"), body)

    assert response.status_code == 400
    assert response.json()["fields"] == {
        "requests_per_second": [
            "Give a whole number of requests per second, 1 to 1000000, or none."
        ]
    }
    job.refresh_from_db()
    assert (job.requests_per_second, job.events.count()) == (50, 0)


def test_the_speed_of_a_job_of_others_is_not_found(post: Post, make_job: MakeJob) -> None:
    job = make_job(status="Active", account_id=OTHER_ACCOUNT)

    assert post(path(job, "speed"), {"requests_per_second": 5}).status_code == 404


# ---- bodies


@pytest.mark.parametrize("verb", ["confirm", "cancel"])
@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({"reason": 7}, {"reason": ["Give the reason as a text."]}),
        ({"reason": "x" * 257}, {"reason": ["A reason has at most 256 characters."]}),
        ({"status": "Ready"}, {"status": ["Unknown; this takes reason"]}),
    ],
)
def test_a_decision_with_a_bad_body_changes_nothing(
    post: Post, make_job: MakeJob, verb: str, body: dict[str, Any], fault: dict[str, list[str]]
) -> None:
    job = make_job(status="Suspended")

    response = post(path(job, verb), body)

    told = response.json()["fields"]
    assert response.status_code == 400
    assert told.keys() == fault.keys()
    assert all(told[name][0].startswith(texts[0]) for name, texts in fault.items())
    job.refresh_from_db()
    assert job.status == "Suspended"


def test_an_unknown_member_beside_the_speed_is_refused(post: Post, make_job: MakeJob) -> None:
    job = make_job(status="Active")

    response = post(path(job, "speed"), {"requests_per_second": 3, "rate": 3})

    assert response.status_code == 400
    assert response.json()["fields"] == {"rate": ["Unknown; this takes requests_per_second."]}
    job.refresh_from_db()
    assert job.requests_per_second is None


def test_an_unknown_member_beside_the_priority_is_refused(post: Post, make_job: MakeJob) -> None:
    job = make_job(status="Active")

    response = post(path(job, "priority"), {"priority": 3, "status": "Complete"})

    assert response.status_code == 400
    assert response.json()["fields"] == {"status": ["Unknown; this takes priority."]}
    job.refresh_from_db()
    assert (job.priority, job.status) == (10, "Active")
