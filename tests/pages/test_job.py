"""The page of a job."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from jobs.models import MOST_TASK_RESULTS, Job, Lane, Tally
from jobs.status import CANCELLABLE, JobStatus
from tests.conftest import SECRET, MakeJob
from tests.pages.conftest import HTMX, add_failures

Example = Callable[..., Job]
NOT_FINAL = [status.value for status in JobStatus if not status.is_final]
FINAL = [status.value for status in JobStatus if status.is_final]


def shown(client: Client, job: Job, name: str = "job", query: str = "", **options: Any) -> str:
    """The page as text."""
    return client.get(reverse(name, args=[job.pk]) + query, **options).content.decode()


@pytest.mark.parametrize("status", NOT_FINAL)
def test_the_page_is_live_while_the_job_is_unfinished(
    client: Client, example: Example, status: str
) -> None:
    assert "hx-trigger" in shown(client, example(status))


@pytest.mark.parametrize("status", FINAL)
def test_polling_ends_with_the_job(client: Client, example: Example, status: str) -> None:
    job = example(status)

    fragment = shown(client, job, headers=HTMX, query="?seen=Active.75")

    assert '<section id="live"' in fragment
    assert "hx-trigger" not in fragment
    assert "hx-trigger" not in shown(client, job)


@pytest.mark.parametrize("status", JobStatus.values)
def test_only_allowed_decisions_are_offered(client: Client, example: Example, status: str) -> None:
    job = example(status)

    page = shown(client, job)

    assert (reverse("job_confirm", args=[job.pk]) in page) == (status == "Suspended")
    assert (reverse("job_cancel", args=[job.pk]) in page) == (JobStatus(status) in CANCELLABLE)
    assert (reverse("job_priority", args=[job.pk]) in page) == (status in NOT_FINAL)


def test_the_page_shows_the_numbers(client: Client, make_job: MakeJob) -> None:
    job = make_job(status="Active", total_tasks=2_000, succeeded=1_490, failed=10)

    page = shown(client, job)

    assert "<title>Active 75% · Replace all object tags – Lading</title>" in page
    for text in ("1,500 of 2,000 tasks", "1,490", "99.3%", "0.7%", "500", "tasks/s", "Time left"):
        assert text in page


def test_what_workers_have_not_committed_is_shown_apart(client: Client, make_job: MakeJob) -> None:
    job = make_job(status="Active", total_tasks=100, succeeded=10)
    for number in (1, 2):
        Lane.objects.create(
            owner=f"lane-{number}", node="n", host="h", pid=number, process_start=1, job=job,
            succeeded=7, failed=1,
        )  # fmt: skip

    page = shown(client, job)

    assert "10 of 100 tasks" in page
    assert "+16 not yet committed" in page


def test_preparing_shows_how_much_of_the_manifest_is_read(
    client: Client, make_job: MakeJob, make_manifest: Callable[..., Any]
) -> None:
    manifest = make_manifest(size=1000)

    page = shown(
        client, make_job(status="Preparing", manifest=manifest, rows_read=1_200, bytes_read=340)
    )

    assert "1,200 objects so far, 340\xa0bytes of 1000\xa0bytes read." in page
    assert 'value="34"' in page


def test_a_new_job_waits_for_a_worker(client: Client, make_job: MakeJob) -> None:
    page = shown(client, make_job(status="New"))

    assert "Waiting for a free worker." in page
    assert "Reading and checking" not in page
    assert "being counted" in page


def test_the_number_of_objects_comes_to_an_open_page(client: Client, make_job: MakeJob) -> None:
    job = make_job(status="Ready", total_tasks=5_980)
    objects = '<span id="objects" hx-swap-oob="true">5,980</span>'

    assert objects in shown(client, job, headers=HTMX, query="?seen=Preparing.0")
    assert objects not in shown(client, job, headers=HTMX, query="?seen=Ready.100")


@pytest.mark.parametrize("status", ["Failing", "Failed", "Cancelled"])
def test_a_job_that_ended_before_it_was_counted_says_so(
    client: Client, make_job: MakeJob, status: str
) -> None:
    page = shown(client, make_job(status=status))

    assert "not counted" in page
    assert "0 of 0" not in page
    assert "0%" not in page


def test_a_failed_job_says_why(client: Client, example: Example) -> None:
    page = shown(client, example("Failed"))

    assert "More than half of the executed tasks failed." in page
    assert "TaskFailureThresholdExceeded" in page


def test_failures_are_grouped_and_lead_to_their_tasks(client: Client, example: Example) -> None:
    job = example("Active")

    page = shown(client, job)

    assert "/results/?code=NoSuchKey&amp;http_status=404" in page
    assert ">201<" in page
    assert "no reply" in page
    assert "img-0009.jpg" in page
    assert "img-0010.jpg" not in page


def test_many_kinds_of_failures_are_cut(client: Client, make_job: MakeJob) -> None:
    job = make_job(status="Active", failed=20)
    for number in range(20):
        Tally.objects.create(job=job, error_code=f"E{number}", http_status=400, count=number + 1)

    page = shown(client, job)

    assert "Only the most frequent codes are shown." in page
    assert ">E19<" in page
    assert ">E0<" not in page


def test_the_page_tells_all_about_the_job_but_no_secret(client: Client, example: Example) -> None:
    page = shown(client, example("Ready"))

    for text in ("project=lading", "team=archive", "s3://manifests/list.csv", "archive", "created"):
        assert text in page
    assert SECRET not in page
    assert "AKIATESTSONLY" not in page


def test_a_suspended_job_is_reviewed_before_it_runs(client: Client, example: Example) -> None:
    page = shown(client, example("Suspended"))

    review = page[page.index("Run this job?") : page.index("Run job")]
    for text in (
        "12,345 objects",
        "photos",
        "Replace all object tags",
        "project=lading",
        "archive",
    ):
        assert text in review


def test_a_fragment_renews_only_what_runs(client: Client, example: Example) -> None:
    fragment = shown(client, example("Active"), headers=HTMX, query="?seen=Active.75")

    assert fragment.startswith("<title>Active 75%")
    assert "hx-swap-oob" not in fragment
    assert 'id="actions"' not in fragment


def test_a_quarter_of_the_way_is_announced(client: Client, example: Example) -> None:
    fragment = shown(client, example("Active"), headers=HTMX, query="?seen=Active.50")

    assert '<div hx-swap-oob="innerHTML:#announcement">Active, 75 percent done.</div>' in fragment
    assert 'id="actions"' not in fragment


def test_another_status_renews_decisions_and_record(client: Client, example: Example) -> None:
    fragment = shown(client, example("Complete"), headers=HTMX, query="?seen=Active.75")

    for place in ("badge", "actions", "record"):
        assert f'id="{place}"' in fragment
    assert "Completed." in fragment


def test_nothing_is_sent_while_nothing_changes(client: Client, example: Example) -> None:
    path = reverse("job", args=[example("Suspended").pk])

    response = client.get(f"{path}?seen=Suspended.0", headers=HTMX)

    assert (response.status_code, response.content) == (204, b"")


def test_failed_tasks_are_listed_page_by_page(client: Client, make_job: MakeJob) -> None:
    job = make_job(status="Complete", failed=60)
    add_failures(job)

    assert "img-0049.jpg" in shown(client, job, "job_results")
    assert "img-0050.jpg" not in shown(client, job, "job_results")
    assert "img-0050.jpg" in shown(client, job, "job_results", "?page=2")


def test_failed_tasks_of_one_kind_are_listed(client: Client, make_job: MakeJob) -> None:
    job = make_job(status="Complete", failed=61)
    add_failures(job)
    job.task_results.create(
        bucket="photos", key="slow.jpg", error_code="ConnectTimeoutError", message="No reply."
    )

    page = shown(client, job, "job_results", "?code=ConnectTimeoutError&http_status=0")

    assert "slow.jpg" in page
    assert "img-0001.jpg" not in page
    assert "without a reply" in page


def test_it_is_said_when_not_all_failed_tasks_were_kept(client: Client, make_job: MakeJob) -> None:
    job = make_job(status="Complete", failed=MOST_TASK_RESULTS + 1)

    page = shown(client, job, "job_results")

    assert "The first 10,000 of 10,001 failed tasks are kept here" in page


def test_failed_tasks_as_a_fragment(client: Client, make_job: MakeJob) -> None:
    fragment = shown(client, make_job(), "job_results", headers=HTMX)

    assert fragment.startswith('<section id="results"')
    assert "No failed tasks" in fragment
