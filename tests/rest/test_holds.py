"""Pause, resume and hours over the JSON API, and when failures stop a job."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from jobs.models import Job
from tests.conftest import OTHER_ACCOUNT, MakeJob
from tests.rest.conftest import Asked, Post, fields_of

NIGHT = {"start": "22:00", "end": "06:00", "time_zone": "Europe/Berlin", "days": ["mon", "tue"]}


def path(job: Job, verb: str) -> str:
    return f"/api/v1/jobs/{job.pk}/{verb}/"


@pytest.mark.parametrize(("status", "then"), [("Ready", "Ready"), ("Active", "Pausing")])
def test_a_job_is_paused_and_resumed(post: Post, make_job: MakeJob, status: str, then: str) -> None:
    job = make_job(status=status)
    told = post(path(job, "pause"), {"reason": "lunch"})

    assert told.status_code == 200, told.text
    assert told.json()["status"] == then
    held = told.json()["hold"]
    assert (held["by"], held["reason"]) == ("ada", "lunch")

    told = post(path(job, "resume"), {"reason": "back"})
    assert told.status_code == 200, told.text
    assert told.json()["hold"] is None
    assert [event.reason for event in job.events.all()] == ["paused: lunch", "resumed: back"]


def test_a_pause_needs_no_body(client: Client, make_job: MakeJob) -> None:
    job = make_job(status="Ready")

    assert client.generic("POST", path(job, "pause")).status_code == 200
    assert client.generic("POST", path(job, "resume")).status_code == 200


@pytest.mark.parametrize(
    ("verb", "values", "message"),
    [
        ("pause", {"status": "Complete"}, "The job is Complete; it cannot be paused any more."),
        ("pause", {"status": "Ready", "held_by": "x"}, "The job is paused already, by x."),
        (
            "resume",
            {"status": "Paused"},
            "The job is Paused, and no person paused it; there is nothing to resume.",
        ),
        (
            "resume",
            {"status": "Cancelling", "held_by": "x"},
            "The job is Cancelling; it cannot be resumed any more.",
        ),
        ("window", {"status": "Failed"}, "The job is Failed; its hours can change no more."),
    ],
)
def test_what_cannot_be_is_a_conflict(
    post: Post, make_job: MakeJob, verb: str, values: dict[str, Any], message: str
) -> None:
    job = make_job(**values)
    told = post(path(job, verb), {"run_window": None} if verb == "window" else {})

    assert told.status_code == 409
    assert told.json()["message"] == message
    assert not job.events.exists()


@pytest.mark.parametrize("status", ["Completing", "Cancelling", "Failing", "Cancelled"])
def test_a_job_that_is_ending_is_not_on_hold(
    client: Client, make_job: MakeJob, status: str
) -> None:
    job = make_job(status=status, held_by="ada", held_reason="lunch")

    assert client.get(f"/api/v1/jobs/{job.pk}/").json()["hold"] is None


@pytest.mark.parametrize("verb", ["pause", "resume", "window"])
def test_a_job_of_others_is_not_found(post: Post, make_job: MakeJob, verb: str) -> None:
    job = make_job(status="Ready", account_id=OTHER_ACCOUNT)

    assert (
        post(path(job, verb), {"run_window": None} if verb == "window" else {}).status_code == 404
    )


@pytest.mark.parametrize(
    ("verb", "body", "field"),
    [
        ("pause", {"reason": "x" * 257}, "reason"),
        ("pause", {"reason": 7}, "reason"),
        ("pause", {"until": "noon"}, "until"),
        ("resume", {"reason": ["x"]}, "reason"),
        ("window", {}, "run_window"),
        ("window", {"run_window": "at night"}, "run_window"),
        ("window", {"run_window": NIGHT | {"start": "25:00"}}, "run_window.start"),
        ("window", {"run_window": NIGHT | {"time_zone": "Mars"}}, "run_window.time_zone"),
        ("window", {"run_window": NIGHT | {"days": []}}, "run_window.days"),
        ("window", {"run_window": NIGHT | {"days": ["monday"]}}, "run_window.days.0"),
        ("window", {"run_window": NIGHT, "reason": "x"}, "reason"),
    ],
)
def test_a_bad_body_changes_nothing_and_names_the_field(
    post: Post, make_job: MakeJob, verb: str, body: dict[str, Any], field: str
) -> None:
    job = make_job(status="Ready", held_by="ada" if verb == "resume" else "")
    told = post(path(job, verb), body)

    assert told.status_code == 400, told.text
    assert list(told.json()["fields"]) == [field]
    job.refresh_from_db()
    assert (job.is_held, job.run_window) == (verb == "resume", None)
    assert not job.events.exists()


def test_the_hours_are_set_shown_and_removed(post: Post, make_job: MakeJob) -> None:
    job = make_job(status="Ready")
    assert post(path(job, "window"), {"run_window": NIGHT}).json()["run_window"] == NIGHT

    told = post(path(job, "window"), {"run_window": None})

    assert told.json()["run_window"] is None
    assert [event.reason for event in job.events.all()] == [
        "may run from 22:00 to 06:00 Europe/Berlin on Mon, Tue",
        "may run at any time",
    ]


# ---- at creation


def test_a_job_is_created_with_hours_and_a_number_of_failures(post: Post, asked: Asked) -> None:
    told = post("/api/v1/jobs/", asked(run_window=NIGHT, failure_threshold=7))

    assert told.status_code == 201, told.text
    assert told.json()["run_window"] == NIGHT
    assert told.json()["failure_threshold"] == 7
    job = Job.objects.get()
    assert (job.failure_rule, job.failure_limit) == ("count", 7)


@pytest.mark.parametrize(("given", "rule"), [("never", "never"), (None, "half")])
def test_the_other_rules(post: Post, asked: Asked, given: Any, rule: str) -> None:
    told = post("/api/v1/jobs/", asked(failure_threshold=given))

    assert told.json()["failure_threshold"] == given
    assert (Job.objects.get().failure_rule, Job.objects.get().failure_limit) == (rule, None)


@pytest.mark.parametrize("given", [0, -1, True, "always", "7", 1.5, [], {}, 20_000_000_001])
def test_a_threshold_that_makes_no_sense_is_refused(post: Post, asked: Asked, given: Any) -> None:
    told = fields_of(post("/api/v1/jobs/", asked(failure_threshold=given)))

    assert list(told) == ["failure_threshold"]
    assert told["failure_threshold"][0].startswith("Give the number of failures after which")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"start": "22:00"}, "run_window.end"),
        (NIGHT | {"end": "6"}, "run_window.end"),
        (NIGHT | {"time_zone": "CEST?"}, "run_window.time_zone"),
        (NIGHT | {"days": ["x"]}, "run_window.days.0"),
        (NIGHT | {"every": 2}, "run_window.every"),
        ("always", "run_window"),
    ],
)
def test_hours_that_make_no_sense_are_refused(
    post: Post, asked: Asked, given: Any, field: str
) -> None:
    assert list(fields_of(post("/api/v1/jobs/", asked(run_window=given)))) == [field]
