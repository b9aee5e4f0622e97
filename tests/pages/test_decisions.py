"""What people decide on the page of a job: confirm, cancel, priority, speed."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from jobs.models import Job
from jobs.status import JobStatus
from tests.conftest import MakeJob, MakeRole

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


@pytest.mark.parametrize(
    ("status", "begun"),
    [
        *((status, False) for status in ("New", "Preparing", "Suspended", "Ready")),
        *((status, True) for status in ("Active", "Pausing", "Paused")),
    ],
)
def test_before_cancelling_it_is_said_whether_requests_may_be_under_way(
    client: Client, make_job: MakeJob, status: str, *, begun: bool
) -> None:
    job = make_job(status=status, total_tasks=200)

    page = client.get(reverse("job", args=[job.pk])).content.decode()

    assert ("Requests that are under way are finished first, no new ones" in page) == begun
    assert ("No task has been started." in page) != begun


def test_cancelling_remembers_the_reason(client: Client, make_job: MakeJob) -> None:
    job = make_job(status="Ready")

    page = decide(client, job, "cancel", reason="wrong <list>")

    assert "The job is cancelled. No task was started." in page
    assert "Reason given: wrong &lt;list&gt;" in page


def test_cancelling_a_running_job_lets_requests_end(client: Client, make_job: MakeJob) -> None:
    page = decide(client, make_job(status="Active"), "cancel")

    assert "Cancelling was asked for." in page


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

    assert "The priority was set to 77." in page
    assert "Priority 77" in page


def test_a_large_priority_is_told_in_groups_of_digits(client: Client, make_job: MakeJob) -> None:
    page = decide(client, make_job(status="Active"), "priority", priority="2147483647")

    assert "The priority was set to 2,147,483,647." in page


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


# ---- speed

NO_SPEED = "Give a whole number of requests per second, 1 to 1000000, or none."


def test_the_speed_can_be_changed_while_the_job_runs(client: Client, make_job: MakeJob) -> None:
    job = make_job(status="Active", total_tasks=10, succeeded=5)

    page = decide(client, job, "speed", requests_per_second=" 2500 ")

    assert "The speed ceiling was set to 2,500 requests per second." in page
    assert "At most 2,500 requests/s" in page
    assert '<span class="quiet numbers">at most 2,500 requests/s</span>' in page
    assert "speed ceiling set to 2,500 requests per second" in page


def test_an_empty_field_removes_the_ceiling(client: Client, make_job: MakeJob) -> None:
    job = make_job(status="Active", requests_per_second=50)
    assert "At most 50 requests/s" in client.get(job.get_absolute_url()).text

    page = decide(client, job, "speed", requests_per_second="")

    job.refresh_from_db()
    assert job.requests_per_second is None
    assert "The speed ceiling of the job was removed." in page
    assert "Speed: no limit" in page


@pytest.mark.parametrize(
    "text", ["0", "-1", "1.5", "fast", "true", "1000001", "99999999999", "9" * 5000, "٥"]
)
def test_a_speed_that_is_none_is_refused(client: Client, make_job: MakeJob, text: str) -> None:
    job = make_job(status="Active", requests_per_second=50)

    page = decide(client, job, "speed", requests_per_second=text)

    job.refresh_from_db()
    assert job.requests_per_second == 50
    assert NO_SPEED in page


def test_a_form_without_the_field_changes_nothing(client: Client, make_job: MakeJob) -> None:
    job = make_job(status="Active", requests_per_second=50)

    page = decide(client, job, "speed")

    job.refresh_from_db()
    assert job.requests_per_second == 50
    assert NO_SPEED in page


def test_the_speed_of_an_ended_job_stays(client: Client, make_job: MakeJob) -> None:
    job = make_job(status="Complete", requests_per_second=50)

    page = decide(client, job, "speed", requests_per_second="3")

    assert "its speed can change no more" in page
    assert 'name="requests_per_second"' not in page


def test_the_ceiling_of_the_store_is_told_beside_that_of_the_job(
    client: Client, make_job: MakeJob, make_role: MakeRole
) -> None:
    job = make_job(status="Active", role=make_role(requests_per_second=1234))

    page = client.get(job.get_absolute_url()).text

    assert "The store has one of 1,234 for all jobs." in page
