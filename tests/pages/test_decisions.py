"""What people decide on the page of a job: confirm, cancel, priority."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from jobs.models import Job
from jobs.status import JobStatus
from tests.conftest import MakeJob

FINAL = [status.value for status in JobStatus if status.is_final]


def decide(client: Client, job: Job, verb: str, **values: str) -> str:
    """Send a decision and read the page that follows."""
    path = reverse(f"job_{verb}", args=[job.pk])
    return client.post(path, values, follow=True).content.decode()


def test_confirming_lets_the_job_run(client: Client, make_job: MakeJob) -> None:
    job = make_job(status="Suspended")

    page = decide(client, job, "confirm")

    job.refresh_from_db()
    assert job.status == "Ready"
    assert "Successfully received confirmation to run job" in page


def test_a_job_is_confirmed_once(client: Client, make_job: MakeJob) -> None:
    job = make_job(status="Ready")

    page = decide(client, job, "confirm")

    assert 'role="alert"' in page
    assert "The job is Ready; it cannot become Ready from there." in page


def test_cancelling_remembers_the_reason(client: Client, make_job: MakeJob) -> None:
    job = make_job(status="Ready")

    page = decide(client, job, "cancel", reason="wrong <list>")

    assert "The job is cancelled. No task was started." in page
    assert "Reason given: wrong &lt;list&gt;" in page


def test_cancelling_a_running_job_lets_requests_end(client: Client, make_job: MakeJob) -> None:
    page = decide(client, make_job(status="Active"), "cancel")

    assert "requests that are under way are finished first" in page


@pytest.mark.parametrize("status", FINAL)
def test_a_finished_job_cannot_be_cancelled(client: Client, make_job: MakeJob, status: str) -> None:
    page = decide(client, make_job(status=status), "cancel")

    assert 'role="alert"' in page
    assert f"The job is {status}; it cannot become" in page


def test_a_reason_that_is_too_long_is_refused(client: Client, make_job: MakeJob) -> None:
    job = make_job(status="Ready")

    page = decide(client, job, "cancel", reason="x" * 257)

    job.refresh_from_db()
    assert job.status == "Ready"
    assert "A reason has at most 256 characters." in page


def test_the_priority_can_be_changed(client: Client, make_job: MakeJob) -> None:
    job = make_job(status="Active")

    page = decide(client, job, "priority", priority="77")

    assert "The priority is now 77." in page
    assert "Priority 77" in page


@pytest.mark.parametrize("text", ["", "ten", "-1", "1.5", "2147483648", "99999999999"])
def test_a_priority_that_is_none_is_refused(client: Client, make_job: MakeJob, text: str) -> None:
    job = make_job(status="Active")

    page = decide(client, job, "priority", priority=text)

    job.refresh_from_db()
    assert job.priority == 10
    assert "Give a whole number from 0 to 2147483647" in page


def test_the_priority_of_an_ended_job_stays(client: Client, make_job: MakeJob) -> None:
    page = decide(client, make_job(status="Complete"), "priority", priority="3")

    assert "its priority can change no more" in page
