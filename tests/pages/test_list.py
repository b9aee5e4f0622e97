"""The list of jobs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from jobs.models import Job
from jobs.pages.views import JOBS_A_PAGE
from jobs.status import JobStatus
from tests.conftest import OTHER_ACCOUNT, MakeJob
from tests.pages.conftest import HTMX


def shown(client: Client, path: str = "/jobs/") -> str:
    """The page as text."""
    return client.get(path).content.decode()


def test_without_jobs_the_list_leads_to_the_form(client: Client) -> None:
    page = shown(client)

    assert "No jobs yet" in page
    assert 'href="/jobs/new/"' in page


def test_a_row_shows_what_the_job_is_and_how_far(client: Client, make_job: MakeJob) -> None:
    job = make_job(
        status="Active",
        description="Nightly tags",
        priority=1_234,
        total_tasks=10_000,
        succeeded=2_400,
        failed=100,
    )

    page = shown(client)

    for text in ("Nightly tags", "Replace all object tags", str(job.pk), "Active", "1,234"):
        assert text in page
    assert "25% · 2,500 of 10,000" in page
    assert '>100</span> <span class="quiet">(4%)' in page


@pytest.mark.parametrize("status", JobStatus.values)
def test_every_status_has_a_friendly_name_and_an_icon(
    client: Client, make_job: MakeJob, status: str
) -> None:
    make_job(status=status)

    page = shown(client)

    badge = page[page.index(f'class="status status-{status.lower()}"') :][:2000]
    assert "<svg" in badge
    assert JobStatus(status).label in badge


def test_rows_are_live_while_a_job_is_unfinished(client: Client, make_job: MakeJob) -> None:
    make_job(status="Complete")
    make_job(status="Ready")

    assert 'hx-trigger="every 3s"' in shown(client)


@pytest.mark.parametrize("status", ["Complete", "Failed", "Cancelled"])
def test_polling_ends_when_all_jobs_have_ended(
    client: Client, make_job: MakeJob, status: str
) -> None:
    make_job(status=status)

    fragment = client.get("/jobs/", headers=HTMX).content.decode()

    assert fragment.startswith('<section id="jobs"')
    assert "hx-trigger" not in fragment
    assert "<html" not in fragment


def test_a_search_finds_a_piece_of_the_description(client: Client, make_job: MakeJob) -> None:
    make_job(description="Holiday pictures")
    make_job(description="Invoices")

    page = shown(client, "/jobs/?q=holiday")

    assert "Holiday pictures" in page
    assert "Invoices" not in page


def test_a_search_finds_the_beginning_of_an_id(client: Client, make_job: MakeJob) -> None:
    wanted, other = make_job(description="wanted"), make_job(description="other")

    page = shown(client, f"/jobs/?q={str(wanted.pk)[:13].upper()}")

    assert f"row-{wanted.pk}" in page
    assert f"row-{other.pk}" not in page


def test_the_list_is_narrowed_to_a_status(client: Client, make_job: MakeJob) -> None:
    failed, ready = make_job(status="Failed"), make_job(status="Ready")

    page = shown(client, "/jobs/?status=Failed")

    assert f"row-{failed.pk}" in page
    assert f"row-{ready.pk}" not in page
    assert '<option value="Failed" selected>' in page


def test_a_search_without_matches_says_so(client: Client, make_job: MakeJob) -> None:
    make_job()

    assert "No job matches" in shown(client, "/jobs/?q=nothing&status=Failed")


def test_a_live_list_asks_again_for_the_same_search(client: Client, make_job: MakeJob) -> None:
    make_job(status="Active", description="Tags")

    assert 'hx-get="/jobs/?q=tags&amp;status=Active"' in shown(
        client, "/jobs/?q=tags&status=Active"
    )


def test_many_jobs_fill_several_pages(client: Client, make_job: MakeJob) -> None:
    first = make_job(description="tags", created_at=timezone.now() - timedelta(days=1))
    for _ in range(JOBS_A_PAGE):
        make_job(description="tags")

    assert "Page 1 of 2" in shown(client, "/jobs/?q=tags")
    assert "?q=tags&amp;page=2" in shown(client, "/jobs/?q=tags")
    assert f"row-{first.pk}" in shown(client, "/jobs/?q=tags&page=2")


def test_jobs_of_other_accounts_are_not_listed(client: Client, make_job: MakeJob) -> None:
    other = make_job(account_id=OTHER_ACCOUNT)

    assert str(other.pk) not in shown(client)


def test_a_job_that_ended_more_than_90_days_ago_is_gone(client: Client, make_job: MakeJob) -> None:
    old = make_job(status="Complete")
    Job.objects.filter(pk=old.pk).update(terminated_at=timezone.now() - timedelta(days=91))

    assert str(old.pk) not in shown(client)


def test_the_list_costs_the_same_however_many_jobs(
    client: Client, make_job: MakeJob, django_assert_max_num_queries: object
) -> None:
    for _ in range(20):
        make_job(status="Active", total_tasks=10, succeeded=1)

    # Six for the list, and four for what is wrong with the workers.
    with django_assert_max_num_queries(10):  # type: ignore[operator]
        client.get("/jobs/")
