"""Doing tasks of an ended job again, from its page."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from jobs.models import Job
from jobs.pages.retry import Retryable
from tests.conftest import MakeJob, MakePart, MakeSlice, MakeUser
from tests.core.scripted import FORBIDDEN, refusal

NO_REPLY = refusal(None, "RequestTimeout", "No answer had come.")


@pytest.fixture
def parent(make_job: MakeJob, make_slice: MakeSlice, make_part: MakePart) -> Job:
    """A cancelled job with two failures and one task that was never executed."""
    job = make_job(status="Cancelled", total_tasks=3, description="Tag", source_bucket="photos")
    rows = ["photos,a", "photos,b", "photos,c"]
    make_part(make_slice(job, rows), [FORBIDDEN, NO_REPLY])
    job.tallies.create(error_code="AccessDenied", http_status=403, count=1)
    job.tallies.create(error_code="RequestTimeout", http_status=0, count=1)
    return job


def press(client: Client, job: Job, **sent: str) -> Any:
    """Press a button, and follow to the page that comes then."""
    return client.post(reverse("job_retry", args=[job.pk]), sent, follow=True)


def child_of(parent: Job) -> Job:
    return Job.objects.children_of(parent).get()


def test_a_button_leads_to_the_page_of_the_new_job(client: Client, parent: Job) -> None:
    response = press(client, parent, tasks="failed", token="t")

    child, page = child_of(parent), response.content.decode()
    assert response.redirect_chain == [(child.get_absolute_url(), 302)]
    assert "This job is for doing 2 tasks again. It runs only after a confirmation." in page
    assert f'Failed tasks of <a id="parent-link" href="{parent.get_absolute_url()}">' in page


def test_who_may_not_confirm_is_told_who_has_to(parent: Job, make_user: MakeUser) -> None:
    browser = Client()
    browser.force_login(make_user("submitter"))

    page = press(browser, parent, tasks="failed").content.decode()

    assert "This job is for doing 2 tasks again." in page
    assert "It runs only after an operator&#x27;s confirmation." in page


def test_what_was_never_executed_is_not_done_again(client: Client, parent: Job) -> None:
    page = press(client, parent, tasks="not_executed").content.decode()

    assert "This job is for 1 task that was never executed." in page


@pytest.mark.parametrize(
    ("code", "status", "told"),
    [("AccessDenied", "403", "AccessDenied, HTTP 403"), ("RequestTimeout", "0", "no reply")],
)
def test_a_group_of_failures_has_a_button_of_its_own(
    client: Client, parent: Job, code: str, status: str, told: str
) -> None:
    response = press(client, parent, tasks="failed", error_code=code, http_status=status)

    page = response.content.decode()
    assert "This job is for doing 1 task again." in page
    assert told in page


def test_pressed_twice_a_button_makes_one_job_and_another_one_another(
    client: Client, parent: Job
) -> None:
    for sent in ({"tasks": "failed"}, {"tasks": "failed"}, {"tasks": "not_executed"}):
        press(client, parent, token="of this page", **sent)

    assert Job.objects.children_of(parent).count() == 2


def test_the_page_of_a_job_whose_parent_is_removed_says_so(client: Client, parent: Job) -> None:
    press(client, parent, tasks="failed")
    child, name = child_of(parent), str(parent.pk)
    parent.delete()

    page = client.get(child.get_absolute_url()).content.decode()

    assert f"job {name}, which is removed" in page


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"tasks": "in_doubt"}, "The job has none: tasks in doubt."),
        ({"tasks": ""}, "Give &#x27;failed&#x27;"),
        ({"tasks": "failed", "error_code": "X", "http_status": "403"}, "No task of the job failed"),
        ({"tasks": "failed", "error_code": "X", "http_status": "9" * 5000}, "whole number"),
        ({"tasks": "failed", "error_code": "X\0", "http_status": "403"}, "no NUL character"),
    ],
)
def test_what_is_refused_is_told_on_the_page_of_the_parent(
    client: Client, parent: Job, sent: dict[str, str], told: str
) -> None:
    response = press(client, parent, **sent)

    assert response.redirect_chain == [(parent.get_absolute_url(), 302)]
    assert told in response.content.decode()
    assert Job.objects.count() == 1


def test_so_is_that_the_job_goes_on(client: Client, make_job: MakeJob) -> None:
    response = press(client, make_job(status="Active", total_tasks=2), tasks="failed")

    assert "tasks of it can be retried when it has ended" in response.content.decode()


# ---- what there is to press


def test_there_are_buttons_for_the_tasks_that_there_are(user: User, parent: Job) -> None:
    found = Retryable.of(parent, user)

    assert [(one.tasks, one.label, one.count) for one in found.choices] == [
        ("failed", "Failed tasks", 2),
        ("not_executed", "Tasks never executed", 1),
    ]
    assert found.token != Retryable.of(parent, user).token


@pytest.mark.parametrize(
    ("rank", "job"),
    [
        ("viewer", {"status": "Failed", "total_tasks": 2}),
        ("submitter", {"status": "Active", "total_tasks": 2}),
        ("submitter", {"status": "Complete", "total_tasks": 2, "succeeded": 2}),
        ("submitter", {"status": "Failed", "total_tasks": 0}),
    ],
)
def test_else_there_is_nothing_to_press(
    make_user: MakeUser, make_job: MakeJob, rank: str, job: dict[str, Any]
) -> None:
    assert not Retryable.of(make_job(**job), make_user(rank))
