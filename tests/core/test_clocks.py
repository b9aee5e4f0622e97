"""A worker whose clock is an hour off decides as all others do: by the database's time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.db.models.functions import Now

from jobs import lifecycle, probing
from jobs.leases import LeaseLost
from jobs.models import Job, Slice, Trial
from jobs.services import pause_job, resume_job
from tests.conftest import MakeJob
from tests.core.conftest import MakeActive, PerformSlice, RunLane, claim_next, expire
from tests.core.probed import ProbedStore
from tests.core.scripted import THROTTLED, Script

RETRY = {"attempt": 0, "origin__isnull": False}


@pytest.fixture(params=[timedelta(hours=1), timedelta(hours=-1)], ids=["ahead", "behind"])
def wrong_clock(request: pytest.FixtureRequest) -> Iterator[timedelta]:
    """This process' clock is an hour off; SQLite's, which stands for the database, is not."""
    off: timedelta = request.param
    with time_machine.travel(datetime.now(UTC) + off, tick=True):
        yield off


def test_the_databases_time_is_not_that_of_the_process(
    wrong_clock: timedelta, make_job: MakeJob
) -> None:
    make_job()
    told = Job.objects.annotate(now=Now()).values_list("now", flat=True).get()

    assert abs(datetime.now(UTC) - told - wrong_clock) < timedelta(minutes=1), connection.vendor


def test_a_task_that_is_throttled_waits_for_its_hour_whoever_counts_it(
    wrong_clock: timedelta, make_active: MakeActive, perform_slice: PerformSlice, script: Script
) -> None:
    script.on("k00001", THROTTLED)
    job = make_active(3)
    perform_slice(job)
    retry = job.slices.get(**RETRY)
    assert retry.throttled_since is not None
    assert minutes_ago(retry) < 2, "by the database's clock"

    perform_slice(job)

    job.refresh_from_db()
    assert job.failed == 0, "its hour has just begun"
    assert job.slices.exclude(state=Slice.State.DONE).count() == 1


def test_a_throttled_task_fails_after_its_hour_whoever_counts_it(
    wrong_clock: timedelta, make_active: MakeActive, perform_slice: PerformSlice, script: Script
) -> None:
    script.on("k00001", THROTTLED)
    job = make_active(3)
    perform_slice(job)
    an_hour_ago = Now() - timedelta(minutes=61)
    job.slices.filter(**RETRY).update(throttled_since=an_hour_ago, not_before=None)

    perform_slice(job)

    job.refresh_from_db()
    assert (job.succeeded, job.failed) == (2, 1)


def test_the_time_for_which_a_paused_job_waited_is_counted_by_the_database(
    wrong_clock: timedelta, make_active: MakeActive, perform_slice: PerformSlice, script: Script
) -> None:
    script.on("k00001", THROTTLED)
    job = make_active(3)
    perform_slice(job)
    job.slices.filter(**RETRY).update(
        throttled_since=Now() - timedelta(minutes=40), not_before=Now() - timedelta(minutes=30)
    )

    claim = claim_next(job)

    assert claim.slice.throttled_since is not None
    assert 8 <= minutes_ago(claim.slice) <= 12, "forty minutes, less the thirty that it waited"


def minutes_ago(slice_: Slice) -> float:
    """How long ago the slice's tasks were throttled first, by the database's clock."""
    now = Slice.objects.annotate(now=Now()).values_list("now", flat=True).get(pk=slice_.pk)
    return (now - slice_.throttled_since).total_seconds() / 60


def test_a_live_lease_is_respected_and_one_that_ran_out_is_taken(
    wrong_clock: timedelta, make_active: MakeActive
) -> None:
    job = make_active(5)
    first = claim_next(job)
    with pytest.raises(AssertionError):
        claim_next(job, "another")

    expire(first.slice)
    second = claim_next(job, "another")

    assert second.slice.pk == first.slice.pk
    with pytest.raises(LeaseLost):
        first.lease.renew()


def test_a_lane_with_a_wrong_clock_does_a_whole_job(
    wrong_clock: timedelta, make_active: MakeActive, run_lane: RunLane, script: Script
) -> None:
    job = make_active(20, 20, status="Ready")
    run_lane()

    job.refresh_from_db()
    assert (job.status, job.succeeded) == ("Complete", 40)
    assert job.active_time < timedelta(minutes=5)
    assert job.terminated_at is not None
    age = Job.objects.annotate(age=Now() - job.terminated_at).values_list("age", flat=True).get()
    assert timedelta() <= age < timedelta(minutes=5)


def test_hours_are_judged_by_the_database(wrong_clock: timedelta, make_active: MakeActive) -> None:
    job = make_active(5, status="Ready")
    now = Job.objects.annotate(now=Now()).values_list("now", flat=True).get()
    start, end = now - timedelta(minutes=20), now + timedelta(minutes=20)
    hours = {"start": f"{start:%H:%M}", "end": f"{end:%H:%M}", "time_zone": "UTC"}
    Job.objects.update(run_window=hours)

    lifecycle.advance()

    job.refresh_from_db()
    assert job.status == "Active", "the process would say that it is closed"


def test_thirty_days_and_the_dates_of_a_hold_are_the_databases(
    wrong_clock: timedelta, make_job: MakeJob
) -> None:
    job = make_job(status="Suspended")
    Job.objects.update(suspended_at=Now() - timedelta(days=29, hours=23, minutes=30))
    pause_job(job, job.created_by)
    told = Job.objects.annotate(ago=Now() - job.held_at).values_list("ago", flat=True).get()
    assert timedelta() <= told < timedelta(minutes=1)
    resume_job(job, job.created_by)

    lifecycle.advance()

    assert Job.objects.get().status == "Suspended"


def test_what_is_known_of_a_store_grows_old_by_the_databases_time(
    wrong_clock: timedelta, store: ProbedStore, make_job: MakeJob, make_role: Callable[..., object]
) -> None:
    role = make_role(endpoint_url="http://127.0.0.1:9000")
    job = make_job(role=role)
    probing.judge(job, "photos", lambda: None)
    asked = len(store.asked)
    Trial.objects.update(tried_at=Now() - timedelta(days=29, hours=23, minutes=30))
    probing.judge(job, "photos", lambda: None)

    assert len(store.asked) == asked, "thirty days are not over yet"
    probing.recheck(job)
