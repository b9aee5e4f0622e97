"""GET /api/v1/jobs/: filters, search, and pages that neither skip nor repeat."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from tests.conftest import MakeJob

JOBS = "/api/v1/jobs/"


def ids_of(client: Client, query: str = "") -> list[str]:
    response = client.get(f"{JOBS}{query}")
    assert response.status_code == 200, response.text
    return [row["id"] for row in response.json()["results"]]


def walk(client: Client, url: str) -> list[list[dict[str, Any]]]:
    """All pages from `url` on."""
    pages = []
    while url:
        answer = client.get(url).json()
        pages.append(answer["results"])
        url = answer["next"]
    return pages


def test_a_line_of_the_list_is_a_summary(client: Client, make_job: MakeJob) -> None:
    make_job(status="Active", total_tasks=10, succeeded=3, failed=1)

    answer = client.get(JOBS).json()

    assert answer["next"] is None
    (line,) = answer["results"]
    assert set(line) == {
        "id", "url", "arn", "status", "description", "operation", "priority", "hold",
        "progress", "created_at", "terminated_at",
    }  # fmt: skip
    assert line["progress"]["remaining"] == 6


def test_a_long_list_costs_no_more_queries_than_a_short_one(
    client: Client, make_job: MakeJob, django_assert_max_num_queries: Any
) -> None:
    for _ in range(5):
        make_job(status="Active")

    with django_assert_max_num_queries(5):
        assert len(ids_of(client)) == 5


def test_the_list_is_filtered_by_any_of_several_statuses(client: Client, make_job: MakeJob) -> None:
    active, ready = make_job(status="Active"), make_job(status="Ready")
    make_job(status="Complete")

    assert ids_of(client, "?status=Active") == [str(active.pk)]
    assert set(ids_of(client, "?status=Active&status=Ready")) == {str(active.pk), str(ready.pk)}
    assert ids_of(client, "?status=Paused") == []


def test_the_list_is_searched_by_description_and_by_the_beginning_of_the_id(
    client: Client, make_job: MakeJob
) -> None:
    tagging = make_job(description="Tag the Photos", id="2f6f9f0e-5a0c-4f0b-9f1a-8f3d1c2b7a11")
    percent = make_job(description="100% of it", id="9a6f9f0e-5a0c-4f0b-9f1a-8f3d1c2b7a11")

    assert ids_of(client, "?search=photos") == [str(tagging.pk)]
    assert ids_of(client, "?search=2F6f9f0e-5a0c") == [str(tagging.pk)]
    assert ids_of(client, "?search=5a0c-4f0b") == []
    assert ids_of(client, "?search=%25") == [str(percent.pk)]
    assert len(ids_of(client, "?search=%20")) == 2


BAD_QUERIES = {
    "status=active": ("status", "There is no status active; take New, Preparing,"),
    "status=": ("status", "There is no status"),
    "limit=0": ("limit", "whole number from 1 to 1000"),
    "limit=1001": ("limit", "whole number from 1 to 1000"),
    "limit=many": ("limit", "whole number from 1 to 1000"),
    "limit=٣": ("limit", "whole number from 1 to 1000"),
    "cursor=garbage": ("cursor", "not a cursor"),
    "cursor=00000000-0000-0000-0000-000000000000": ("cursor", "not a cursor"),
    "cursor=%00": ("cursor", "not a cursor"),
    "search=%00": ("search", "NUL"),
}


@pytest.mark.parametrize(("query", "fault"), BAD_QUERIES.items())
def test_a_bad_query_is_told_at_its_name(
    client: Client, query: str, fault: tuple[str, str]
) -> None:
    response = client.get(f"{JOBS}?{query}")

    assert response.status_code == 400
    name, told = fault
    assert told in response.json()["fields"][name][0]


def test_the_list_is_newest_first_and_every_job_comes_once(
    client: Client, make_job: MakeJob
) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    # Three of them were made in the same instant, as one transaction does.
    ages = [5, 4, 3, 3, 3, 2, 1]
    jobs = [make_job(created_at=start - timedelta(days=age)) for age in ages]

    pages = walk(client, f"{JOBS}?limit=2")

    assert [len(page) for page in pages] == [2, 2, 2, 1]
    seen = [row["id"] for page in pages for row in page]
    assert sorted(seen) == sorted(str(job.pk) for job in jobs)
    times = [row["created_at"] for page in pages for row in page]
    assert times == sorted(times, reverse=True)


def test_pages_are_right_for_times_that_the_database_set(client: Client, make_job: MakeJob) -> None:
    jobs = [make_job() for _ in range(5)]

    pages = walk(client, f"{JOBS}?limit=1")

    seen = [row["id"] for page in pages for row in page]
    assert sorted(seen) == sorted(str(job.pk) for job in jobs)


def test_a_job_made_meanwhile_does_not_shift_the_pages(client: Client, make_job: MakeJob) -> None:
    old, older = make_job(), make_job(created_at=datetime(2026, 1, 1, tzinfo=UTC))
    first = client.get(f"{JOBS}?limit=1").json()
    make_job()

    second = client.get(first["next"]).json()

    assert [row["id"] for row in first["results"]] == [str(old.pk)]
    assert [row["id"] for row in second["results"]] == [str(older.pk)]


def test_the_next_page_keeps_the_filters(client: Client, make_job: MakeJob) -> None:
    for status in ("Active", "Ready", "Active", "Complete", "Ready"):
        make_job(status=status, description="x & y")

    pages = walk(client, f"{JOBS}?limit=1&status=Active&status=Ready&search=x+%26")

    assert [len(page) for page in pages] == [1, 1, 1, 1]
    assert {row["status"] for page in pages for row in page} == {"Active", "Ready"}


@pytest.mark.django_db
def test_the_root_says_where_everything_is(client: Client) -> None:
    links = client.get("/api/v1/").json()

    assert set(links) == {
        *("jobs", "operations", "roles", "functions", "manifests", "workers"),
        *("me", "members", "tokens", "access_keys"),
    }
    assert all(client.get(link).status_code == 200 for link in links.values())
