"""What a page asks of the database does not grow with what there is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from jobs.models import (
    AccessKey,
    Function,
    Job,
    JobEvent,
    Lane,
    Member,
    Node,
    Rank,
    Role,
    Slice,
    Tally,
    TaskResult,
    Throughput,
)
from jobs.pages.failures import MOST_GROUPS
from operations.base import SUCCESSFUL
from tests.conftest import MakeJob, MakePart, MakeRole, MakeSlice
from tests.core.scripted import MISSING
from tests.pages.conftest import HTMX

Grow = Callable[[int], Any]


def asked(client: Client, path: str, **options: Any) -> int:
    """How many queries a page costs, once it is warm."""
    client.get(path, **options)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert client.get(path, **options).status_code == 200
    return len(queries)


def add_lane(job: Job, number: int) -> None:
    """A worker at the job, on a slice of its own."""
    Lane.objects.create(
        **{"owner": f"lane-{job.pk}-{number}", "node": "n", "host": "h", "pid": number},
        **{"process_start": 1, "job": job, "succeeded": 5, "rate": 3.0, "throttled": 1.0},
        slice=job.slices.order_by("number")[number],
    )


def fill(job: Job, *, tallies: int, results: int, slices: int, lanes: int, buckets: int) -> None:
    """So many rows of each kind."""
    Tally.objects.bulk_create(
        Tally(job=job, error_code=f"E{number}", http_status=400, count=number + 1)
        for number in range(tallies)
    )
    TaskResult.objects.bulk_create(
        TaskResult(job=job, bucket="b", key=f"k{number}", http_status=400,
                   error_code=f"E{number % tallies}", message="No.")
        for number in range(results)
    )  # fmt: skip
    Slice.objects.bulk_create(
        Slice(job=job, number=number, size=9, least_key="a", greatest_key="b",
              task_file="f", task_bytes=1, task_sha256="0" * 64)
        for number in range(1, slices + 1)
    )  # fmt: skip
    for number in range(lanes):
        add_lane(job, number)
    JobEvent.objects.create(job=job, actor="ada", to_status="New", reason="created")
    Throughput.objects.create(job=job, succeeded=[10] * buckets, failed=[1] * buckets)


def filled(make_job: MakeJob, status: str, **rows: int) -> Job:
    job = make_job(status=status, total_tasks=100_000, succeeded=40_000, failed=2_000)
    fill(job, **rows)
    return job


SMALL = {"tallies": 1, "results": 1, "slices": 1, "lanes": 1, "buckets": 4}
HUGE = {"tallies": MOST_GROUPS, "results": 2_000, "slices": 300, "lanes": 20, "buckets": 240}


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "fragment"])
@pytest.mark.parametrize("status", ["Active", "Complete"])
def test_the_page_of_a_job_costs_the_same_however_large_the_job(
    client: Client, make_job: MakeJob, status: str, headers: dict[str, str]
) -> None:
    small, huge = filled(make_job, status, **SMALL), filled(make_job, status, **HUGE)

    costs = [asked(client, f"/jobs/{job.pk}/?seen=", headers=headers) for job in (small, huge)]

    assert costs[0] == costs[1]
    assert costs[1] <= 25


def test_a_poll_costs_less_than_the_page(client: Client, make_job: MakeJob) -> None:
    job = filled(make_job, "Active", **SMALL)
    path = f"/jobs/{job.pk}/"
    seen = client.get(path).context["seen"]

    assert asked(client, f"{path}?seen={seen}", headers=HTMX) < asked(client, path)


@pytest.mark.parametrize("status", ["Ready", "Paused"])
def test_a_poll_where_nothing_changes_is_cheap_however_many_wait_and_run(
    client: Client, make_job: MakeJob, settings: Any, status: str
) -> None:
    settings.LADING_ACTIVE_JOBS = 1
    Node.objects.create(name="box", host="h", pid=1, slots=4)
    job, costs = make_job(status=status, total_tasks=5), []
    for count in (1, 30):
        for _ in range(count):
            make_job(status="Active"), make_job(status=status)
            JobEvent.objects.create(job=job, actor="ada", reason="priority set to 7")
        page = client.get(f"/jobs/{job.pk}/")
        path = f"/jobs/{job.pk}/?seen={page.context['seen']}"
        with CaptureQueriesContext(connection) as queries:
            assert client.get(path, headers=HTMX).status_code == 204
        costs.append(len(queries))

    # Session, user and member; job, lanes and the last event; places and engine; the alarms.
    assert costs == [3 + 3 + 2 + 2] * 2


@pytest.mark.parametrize("query", ["", "?status=failed", "?key=k&whole=on"])
def test_results_cost_the_same_however_many_slices_were_read(
    client: Client, make_job: MakeJob, make_slice: MakeSlice, make_part: MakePart, query: str
) -> None:
    costs = []
    for slices in (1, 40):
        job = make_job(status="Active", total_tasks=1_000)
        for _ in range(slices):
            make_part(make_slice(job), [SUCCESSFUL, MISSING])
        costs.append(asked(client, f"/jobs/{job.pk}/results/{query}"))

    assert costs[0] == costs[1]
    assert costs[1] <= 12


# ---- pages of things


def grow_workers(make_job: MakeJob) -> Grow:
    def grow(count: int) -> None:
        job = filled(make_job, "Active", **{**SMALL, "slices": count, "lanes": count})
        for number in range(count):
            Node.objects.create(name=f"{job.pk}-{number}", host="h", pid=1, slots=4)
        for number, lane in enumerate(job.lanes.all()):
            lane.node = f"{job.pk}-{number}"
            lane.save()

    return grow


def grow_roles(make_job: MakeJob, make_role: MakeRole) -> Grow:
    def grow(count: int) -> None:
        for number in range(count):
            role = make_role(f"role-{count}-{number}")
            make_job(role=role)
            Function.objects.create(
                account_id=role.account_id, name=f"f-{count}-{number}", url="http://box:9001"
            )

    return grow


def grow_keys(user: User) -> Grow:
    return lambda count: [AccessKey.issue(user, label=f"key {number}") for number in range(count)]


def grow_members(count: int) -> None:
    for number in range(count):
        other = User.objects.create_user(f"member-{count}-{number}")
        Member.objects.create(
            user=other, account_id=settings.LADING_ACCOUNT_ID, rank=Rank.SUBMITTER
        )


@pytest.mark.parametrize("path", ["/workers/", "/roles/", "/keys/", "/members/"])
def test_a_page_costs_the_same_however_many_there_are(
    client: Client, user: User, make_job: MakeJob, make_role: MakeRole, path: str
) -> None:
    Member.objects.filter(user=user).update(rank=Rank.ADMINISTRATOR)
    growing = {
        "/workers/": grow_workers(make_job),
        "/roles/": grow_roles(make_job, make_role),
        "/keys/": grow_keys(user),
        "/members/": grow_members,
    }
    growing[path](2)
    few = asked(client, path)
    growing[path](15)

    assert asked(client, path) == few
    assert few <= 20


def test_a_role_costs_the_same_however_many_jobs_use_it(
    client: Client, role: Role, make_job: MakeJob
) -> None:
    make_job(role=role)
    few = asked(client, f"/roles/{role.name}/")
    for _ in range(20):
        make_job(role=role)

    assert asked(client, f"/roles/{role.name}/") == few
