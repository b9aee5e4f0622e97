"""Why a job is not faster: each reason is told exactly where it holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from jobs.models import Job, Lane, Node, Role, Slice, recent
from jobs.pages.progress import Progress
from jobs.pages.slow import MOST_AHEAD, Reason, reasons
from jobs.workers import lanes_of
from tests.conftest import OTHER_ACCOUNT, MakeJob, MakeSlice

LONG = timedelta(minutes=5)
"""So far ahead clocks are set where a test must not depend on how quick it is."""
UNHELD = "No worker is at it now. What a lost one held is free when its lease ends."
NIGHT = {"start": "22:00", "end": "06:00", "time_zone": "UTC"}


def told(job: Job, rate: float = 10.0) -> list[Reason]:
    """The reasons, for a job of that many tasks a second."""
    lanes = lanes_of(job)
    workers = len([seen for seen in lanes if not seen.silent])
    return reasons(Progress(job, workers, rate_of_late=rate), lanes)


def texts(job: Job, rate: float = 10.0) -> str:
    return " ".join(reason.text for reason in told(job, rate))


def at_work(
    job: Job, owner: str = "lane", throttled: float = 0.0, silent: float = 0, node: str = "n"
) -> None:
    Lane.objects.create(
        **{"owner": owner, "node": node, "host": "h", "pid": 1, "process_start": 1},
        **{"job": job, "throttled": throttled, "beat_at": recent(silent)},
    )


@pytest.fixture
def job(make_job: MakeJob) -> Job:
    """One that runs well."""
    made = make_job(status="Active", total_tasks=1_000, succeeded=10)
    at_work(made)
    return made


def test_a_job_that_runs_well_has_no_reason(job: Job) -> None:
    assert told(job) == []


@pytest.mark.parametrize(
    "values",
    [
        {"status": "Suspended"},
        {"status": "Ready", "held_by": "ada"},
        {"status": "Complete"},
        {"status": "Failed"},
        {"status": "Cancelled"},
        {"status": "Preparing"},
    ],
    ids=str,
)
def test_a_job_that_ended_or_waits_for_a_person_has_none(
    make_job: MakeJob, make_slice: MakeSlice, values: dict[str, str]
) -> None:
    job = make_job(**values, total_tasks=1_000, requests_per_second=1)
    make_slice(job, not_before=timezone.now() + timedelta(minutes=5))

    assert told(job) == []


# ---- the store


@pytest.mark.parametrize(
    ("throttled", "says"), [(0, ""), (4.9, ""), (6.2, "6.2"), (40, "40"), (1_234, "1,234")]
)
def test_a_store_that_asks_to_slow_down_is_named_from_a_twentieth_of_replies_on(
    job: Job, throttled: float, says: str
) -> None:
    at_work(job, "other", throttled)

    text = texts(job, rate=95.0)

    assert text.startswith(f"The store asks to slow down: of late it refused {says} ") == bool(says)


@pytest.mark.parametrize(
    ("of_job", "of_store", "rate", "piece"),
    [
        (1_000, None, 849, ""),
        (1_000, None, 850, "its speed ceiling of 1,000 requests"),
        (None, 100, 84, ""),
        (None, 100, 90, "the store's speed ceiling of 100 requests"),
        (100, 100, 100, "its speed ceiling of 100 requests"),
    ],
)
def test_a_ceiling_is_told_once_it_is_reached(
    job: Job, of_job: int | None, of_store: int | None, rate: float, piece: str
) -> None:
    Role.objects.filter(pk=job.role_id).update(requests_per_second=of_store)
    job.requests_per_second = of_job

    found = told(job, rate)

    assert len(found) == bool(piece)
    assert piece in texts(job, rate)


# ---- workers and later tries


@pytest.mark.parametrize(("size", "says"), [(1, "1 task waits "), (1_500, "1,500 tasks wait ")])
def test_tasks_whose_next_try_is_later_are_counted(
    job: Job, make_slice: MakeSlice, size: int, says: str
) -> None:
    at = timezone.now() + timedelta(minutes=5)
    make_slice(job, size=size + 3, next_index=3, not_before=at)
    make_slice(job, not_before=timezone.now() - timedelta(minutes=5))
    make_slice(job, not_before=at, state=Slice.State.DONE)

    (reason,) = told(job)

    assert reason.text.startswith(says)
    assert reason.at == at


@pytest.fixture
def engine(db: None) -> Node:
    """One that is alive."""
    ahead = timezone.now() + LONG
    return Node.objects.create(name="box", host="h", pid=1, slots=4, beat_at=ahead)


def others(make_job: MakeJob) -> list[Job]:
    """Three jobs at which all four workers of the engine are, the first of another account."""
    made = [
        make_job(status="Active", account_id=OTHER_ACCOUNT, priority=99),
        make_job(status="Active", priority=7),
        make_job(status="Active", priority=9),
    ]
    for number, job in enumerate([*made, made[0]]):
        at_work(job, f"busy-{number}", silent=-LONG.total_seconds(), node="box")
    return made


def test_a_job_without_a_worker_says_so_unless_nothing_is_left(job: Job, engine: Node) -> None:
    Lane.objects.all().delete()
    assert told(job) == [], "it has only just begun"
    job.active_time = timedelta(seconds=60)
    assert texts(job, rate=0.0) == UNHELD
    job.succeeded = 1_000
    assert told(job) == []


def test_the_jobs_that_have_all_workers_are_named(
    job: Job, make_job: MakeJob, engine: Node
) -> None:
    Lane.objects.all().delete()
    job.active_time = timedelta(seconds=60)
    theirs, first, second = others(make_job)

    (reason,) = told(job, rate=0.0)

    assert reason.text == "No worker is at it now: all are at other jobs."
    assert [other.job for other in reason.jobs] == [second, first], "and none of another account"
    assert theirs.lanes.count() == 2


@pytest.mark.parametrize("status", ["New", "Preparing"])
def test_a_job_that_nobody_has_time_to_prepare_says_who_has_the_workers(
    client: Client, make_job: MakeJob, engine: Node, status: str
) -> None:
    job = make_job(status=status, total_tasks=0)
    assert told(job) == []
    _, first, second = others(make_job)
    job.created_at = timezone.now() + LONG
    assert told(job) == [], "it has only just been made"
    Job.objects.filter(pk=job.pk).update(created_at=recent(60))
    job.refresh_from_db()

    (reason,) = told(job)

    assert reason.text.startswith("It is prepared when a worker is free: all are at other jobs")
    assert [other.job for other in reason.jobs] == [second, first]
    assert f"/jobs/{second.pk}/" in client.get(f"/jobs/{job.pk}/").content.decode()
    job.lease_until = timezone.now() + LONG
    assert told(job) == [], "a lost worker has it"
    job.lease_until = None
    Lane.objects.filter(job=first).update(beat_at=recent(6))
    assert len(told(job)) == 1, "in place of a silent one none is started"
    Lane.objects.filter(job=first).delete()
    assert told(job) == [], "a worker is free"


def test_a_job_whose_preparing_had_a_setback_says_when_it_is_tried_again(
    make_job: MakeJob, engine: Node
) -> None:
    job = make_job(status="New", total_tasks=0, not_before=timezone.now() + LONG)
    others(make_job)
    job.created_at = timezone.now() - LONG

    (reason,) = told(job)

    assert reason.text == "Preparing it had a setback. The next try is"
    assert (reason.at, reason.jobs) == (job.not_before, ())


def test_where_no_engine_runs_the_alarm_says_it_alone(job: Job) -> None:
    Lane.objects.all().delete()
    job.active_time = timedelta(seconds=60)

    assert told(job, rate=0.0) == []


@pytest.mark.usefixtures("engine")
def test_a_silent_worker_is_none(job: Job) -> None:
    Lane.objects.all().delete()
    at_work(job, throttled=1_000, silent=6)
    job.active_time = timedelta(seconds=60)

    assert texts(job, rate=0.0) == UNHELD


# ---- its turn


def test_a_job_outside_of_its_hours_says_when_they_begin(make_job: MakeJob) -> None:
    job = make_job(status="Ready", total_tasks=5, run_window=NIGHT)

    with time_machine.travel("2026-01-05T10:00:00Z", tick=False):
        (reason,) = told(job)
    with time_machine.travel("2026-01-05T23:00:00Z", tick=False):
        at_night = told(job)

    assert reason.text.startswith("It may run from ")
    assert reason.at == datetime(2026, 1, 5, 22, tzinfo=UTC)
    assert at_night == [], "nobody is before it"


@pytest.mark.usefixtures("engine")
def test_a_job_that_waits_names_who_goes_first_but_nobody_of_another_account(
    client: Client, make_job: MakeJob, settings: Any
) -> None:
    settings.LADING_ACTIVE_JOBS = 4
    make_job(status="Active", account_id=OTHER_ACCOUNT, priority=99)
    first = [make_job(status="Active", priority=priority) for priority in (7, 9, 1, 8)]
    waiting = make_job(status="Ready", total_tasks=5)

    (reason,) = told(waiting)

    assert reason.text.startswith("It waits for its turn")
    assert [other.job.pk for other in reason.jobs] == [first[1].pk, first[3].pk, first[0].pk]
    assert len(reason.jobs) == MOST_AHEAD
    page = client.get(f"/jobs/{waiting.pk}/").content.decode()
    assert "It waits for its turn" in page
    assert f"/jobs/{first[1].pk}/" in page


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(
    ("statuses", "small", "waits"),
    [
        ("Active", False, False),
        ("Active Ready Paused", False, False),
        ("Active Active", False, True),
        ("Active Pausing", False, True),
        ("Active Active", True, False),
    ],
)
def test_others_are_named_only_where_they_have_all_places(
    make_job: MakeJob, settings: Any, statuses: str, small: bool, waits: bool
) -> None:
    settings.LADING_ACTIVE_JOBS = 2
    for status in statuses.split():
        make_job(status=status)
    waiting = make_job(status="Ready", total_tasks=5, single_slice=small)

    assert bool(told(waiting)) == waits


def test_others_are_not_to_blame_where_no_engine_runs(
    client: Client, make_job: MakeJob, settings: Any, engine: Node
) -> None:
    settings.LADING_ACTIVE_JOBS = 1
    make_job(status="Active")
    waiting = make_job(status="Ready", total_tasks=5)
    assert len(told(waiting)) == 1

    engine.beat_at = recent(6)
    engine.save()

    assert told(waiting) == []
