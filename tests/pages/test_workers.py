"""The page of the workers, and the alarms above it and above the jobs."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.db.models.functions import Now
from django.test import Client

from jobs.models import Job, Lane, Node, Slice
from tests.conftest import OTHER_ACCOUNT, MakeJob, MakeSlice
from tests.pages.conftest import HTMX, SIZES, OpenPage
from tests.pages.test_browser import SCHEMES, inspect


def ago(seconds: float) -> Any:
    return Now() - timedelta(seconds=seconds)


@pytest.fixture
def engines(make_job: MakeJob, make_slice: MakeSlice) -> Job:
    """Two engines with lanes of every kind; returns the job that one of them performs."""
    job = make_job(status="Active", description="Tag the pictures of 2025", total_tasks=1000)
    other = make_job(account_id=OTHER_ACCOUNT, status="Active", description="A secret plan")
    slice_ = make_slice(job, ["photos,a.jpg", "photos,b.jpg"])
    for name, host in (("box-1-aa", "box-1/1/2"), ("box-2-bb", "box-2/3/4")):
        Node.objects.create(name=name, host=host, pid=70, slots=4, started_at=ago(7500))
    lanes: list[dict[str, Any]] = [
        {"job": job, "slice": slice_, "stage": "Performing", "rate": 1234.5},
        {"job": job, "stage": "Preparing"},
        {"job": job, "stage": "Finishing", "beat_at": ago(8)},
        {"job": other, "stage": "Performing"},
    ]
    for pid, at in enumerate(lanes):
        Lane.objects.create(
            owner=f"box-1-aa:{pid}:1", node="box-1-aa", host="box-1/1/2", pid=pid, process_start=1,
            **{"work_since": ago(125), **at},
        )  # fmt: skip
    return job


def page(client: Client, path: str = "/workers/", **headers: str) -> str:
    response = client.get(path, headers=headers)
    assert response.status_code == 200
    return " ".join(unescape(response.content.decode()).split())


def test_it_tells_who_is_alive_and_at_what(client: Client, engines: Job) -> None:
    text = page(client)

    assert "box-1" in text
    assert "0 of 4 workers free · runs for 2 h 5 min" in text
    assert "4 of 4 workers free" in text
    assert f'href="/jobs/{engines.pk}/">Tag the pictures of 2025</a>' in text
    assert "Slice 1, 2 tasks" in text
    assert "1,234" in text
    worked = [int(seconds) for seconds in re.findall(r"2 min (\d+) s", text)]
    assert min(worked) >= 5, "it goes on while the page is made"
    assert "Prepares the job" in text
    assert "Finishes the job" in text
    (seconds,) = re.findall(r"Silent for (\d+) s", text)
    assert int(seconds) >= 8, "so does this"


def test_jobs_of_others_are_not_named(client: Client, engines: Job) -> None:
    text = page(client)

    assert "A job of another account" in text
    assert "secret" not in text


def test_the_page_asks_again_every_two_seconds_for_what_changes(
    client: Client, engines: Job
) -> None:
    assert 'hx-get="/workers/" hx-trigger="poll" data-poll="2"' in page(client)

    fragment = page(client, **HTMX)
    assert fragment.startswith('<section id="workers"')
    assert "<html" not in fragment


def test_without_an_engine_it_says_how_to_start_one(client: Client, db: None) -> None:
    assert "No engine runs" in page(client)


def test_the_navigation_leads_there(client: Client) -> None:
    assert '<a href="/workers/" aria-current="page">Workers</a>' in page(client)
    assert '<a href="/workers/">Workers</a>' in page(client, "/jobs/")


def test_strangers_are_sent_to_the_login(anonymous: Client) -> None:
    response = anonymous.get("/workers/")

    assert response.status_code == 302
    assert response.headers["Location"] == "/login/?next=/workers/"


@pytest.mark.parametrize("path", ["/workers/", "/jobs/"])
def test_alarms_stand_above_the_workers_and_above_the_jobs(
    client: Client, engines: Job, path: str
) -> None:
    Slice.objects.update(crashes=3)
    Node.objects.filter(name="box-2-bb").update(waiting_since=ago(90))

    for text in (page(client, path), page(client, path, **HTMX)):
        assert "Work has waited for more than a minute while workers are free." in text
        assert "It began at" in text
        assert f'<a href="/jobs/{engines.pk}/">Tag the pictures of 2025</a>: Slice 1 has' in text


@pytest.mark.parametrize("path", ["/workers/", "/jobs/"])
def test_work_without_an_engine_is_told_on_both(
    client: Client, make_job: MakeJob, path: str
) -> None:
    make_job(status="New")

    assert "Work waits, and no engine runs. Start manage.py engine." in page(client, path)


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("size", SIZES)
def test_everybody_can_use_the_page_in_both_schemes_and_sizes(
    open_page: OpenPage, engines: Job, screenshots: Path, size: str, scheme: str
) -> None:
    Slice.objects.update(crashes=3)
    Node.objects.update(waiting_since=ago(90), beat_at=ago(-60))

    with open_page("/workers/", size, scheme) as seen:
        inspect(seen, screenshots, f"workers-{size}-{scheme}")
        seen.goto("/jobs/")
        inspect(seen, screenshots, f"list-alarms-{size}-{scheme}")
        Node.objects.all().delete()
        seen.goto("/workers/")
        inspect(seen, screenshots, f"workers-none-{size}-{scheme}")


@pytest.mark.parametrize("status", ["New", "Ready", "Active", "Completing"])
def test_the_page_of_a_job_tells_of_it_until_the_job_has_ended(
    client: Client, make_job: MakeJob, status: str
) -> None:
    job, ended = make_job(status=status), make_job(status="Complete")

    for headers in ({}, HTMX):
        assert "no engine runs" in page(client, f"/jobs/{job.pk}/", **headers)
        assert "no engine runs" not in page(client, f"/jobs/{ended.pk}/", **headers)


def test_the_page_of_a_job_tells_of_no_slice_of_another(
    client: Client, engines: Job, make_job: MakeJob
) -> None:
    Slice.objects.update(crashes=3)

    assert "has lost its worker" in page(client, f"/jobs/{engines.pk}/")
    assert "has lost its worker" not in page(client, f"/jobs/{make_job(status='Active').pk}/")


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_page_follows_what_happens_by_itself(open_page: OpenPage, engines: Job) -> None:
    Node.objects.update(beat_at=ago(-60))

    with open_page("/workers/") as seen:
        assert seen.get_by_text("Finishes the job").count() == 1
        Lane.objects.filter(stage="Finishing").delete()
        seen.get_by_text("1 of 4 workers free").wait_for(timeout=10_000)
        assert seen.get_by_text("Finishes the job").count() == 0
