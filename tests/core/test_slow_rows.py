"""Slow rows, refused rows and slow jobs hold nobody back."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from time import sleep
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import OperationalError
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from jobs import execution, lanes, leases, listening
from jobs.execution import execute
from jobs.leases import LeaseLost, held_during
from jobs.listening import Listener, Order
from jobs.models import Job, Slice
from operations.base import SUCCESSFUL
from operations.pace import Pace
from tests.core.conftest import MakeActive, PerformSlice, claim_next, keys, never
from tests.core.scripted import THROTTLED, Script


def test_a_slow_row_does_not_keep_the_rows_behind_it_from_being_sent(
    make_active: MakeActive, script: Script
) -> None:
    """The first row is answered when the last one has been sent."""
    job = make_active(3000, succeeded=100_000)
    Job.objects.update(total_tasks=103_000)
    script.on("k00000", None)
    sent: list[str] = []

    def end_the_wait() -> None:
        sent.append("last")
        script.release("k00000", SUCCESSFUL)

    script.when_sent("k02999", end_the_wait)

    execute(claim_next(job), script.sender(), Pace(16), never)  # type: ignore[arg-type]

    assert sent == ["last"]
    assert Slice.objects.get().succeeded == 3000


def test_a_database_that_is_away_while_more_rows_are_asked_for_costs_nothing(
    make_active: MakeActive, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first row is answered when the last one has been sent."""
    job = make_active(600, succeeded=100_000)
    Job.objects.update(total_tasks=100_600)
    script.on("k00000", None)
    script.when_sent("k00599", lambda: script.release("k00000", SUCCESSFUL))
    reserve, asked = execution.extend, []

    def away_at_first(*args: Any) -> None:
        asked.append(1)
        if len(asked) <= 2:
            raise OperationalError("the server closed the connection unexpectedly")
        reserve(*args)

    monkeypatch.setattr(execution, "extend", away_at_first)
    monkeypatch.setattr(listening, "connection", SimpleNamespace(close=lambda: None))
    execute(claim_next(job), script.sender(), Pace(16), never)  # type: ignore[arg-type]

    assert len(asked) > 2
    assert script.sent == keys(600), "nothing is performed twice"
    assert Slice.objects.get().succeeded == 600


def test_a_window_from_another_job_does_not_overshoot_the_failure_threshold(
    make_active: MakeActive,
) -> None:
    job = make_active(9000, succeeded=600, failed=400)

    claim = lanes.claim_slice(job, "lane", window=10_000)

    assert claim is not None
    assert claim.slice.started_upto == 500


def test_waiting_for_a_turn_does_not_count_as_being_throttled(
    make_active: MakeActive, perform_slice: PerformSlice, script: Script
) -> None:
    job = make_active(2, 1)
    script.on("k00001", THROTTLED)
    perform_slice(job)
    retry = Slice.objects.order_by("number").last()
    assert retry is not None
    hours = timedelta(hours=2)
    since = timezone.now() - hours
    Slice.objects.filter(pk=retry.pk).update(throttled_since=since, not_before=Now() - hours)

    perform_slice(job)
    claim = claim_next(job)

    assert claim.slice.pk == retry.pk
    assert claim.slice.throttled_since >= timezone.now() - timedelta(minutes=2)


@pytest.mark.parametrize("how", ["given back while nothing was settled", "lost with its lane"])
def test_nor_does_it_where_the_job_was_paused_or_its_machine_lost_in_the_middle(
    make_active: MakeActive, how: str
) -> None:
    job, hours, since = make_active(2), timedelta(hours=3), timezone.now() - timedelta(minutes=9)
    Slice.objects.update(throttled_since=since)
    claim = claim_next(job)
    if how == "lost with its lane":
        Slice.objects.update(lease_until=Now() - hours)
    else:
        claim.release()
        Slice.objects.update(not_before=F("not_before") - hours)
    Slice.objects.update(throttled_since=since - hours)

    claim = claim_next(job)

    assert claim.slice.throttled_since is not None
    assert abs(claim.slice.throttled_since - since) <= timedelta(minutes=1)


@pytest.mark.parametrize("hours", [-2, 2])
def test_a_lane_whose_clock_is_wrong_counts_the_hour_of_throttling_by_the_database(
    make_active: MakeActive,
    perform_slice: PerformSlice,
    script: Script,
    monkeypatch: pytest.MonkeyPatch,
    hours: int,
) -> None:
    job = make_active(2, 1)
    script.on("k00001", THROTTLED)
    with monkeypatch.context() as patched:
        patched.setattr(timezone, "now", lambda: datetime.now(UTC) + timedelta(hours=hours))
        perform_slice(job)
    retry = Slice.objects.order_by("number").last()
    assert retry is not None
    assert retry.throttled_since is not None
    assert abs(timezone.now() - retry.throttled_since) < timedelta(minutes=2)

    with monkeypatch.context() as patched:
        patched.setattr(timezone, "now", lambda: datetime.now(UTC) + timedelta(hours=hours))
        perform_slice(job)

    job.refresh_from_db()
    assert job.failed == 0, "the task waits on, and has not failed"


@pytest.mark.parametrize(("held", "order"), [(9.0, Order.GO_ON), (11.0, Order.PAUSE)])
def test_a_job_of_the_same_priority_gets_its_turn_after_a_while(
    make_active: MakeActive, monkeypatch: pytest.MonkeyPatch, held: float, order: Order
) -> None:
    monkeypatch.setattr(listening.presence, "show_lane", lambda *_, **__: None)
    claim = claim_next(make_active(100))
    other = make_active(10)
    listener = Listener(claim, never)
    listener.begun_at -= held

    listener.beat([])

    assert listener.order is order
    assert (listener.better is not None and listener.better.job.pk == other.pk) == (held > 10)


def test_jobs_that_all_have_a_lane_leave_each_other_alone(
    make_active: MakeActive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening.presence, "show_lane", lambda *_, **__: None)
    claim = claim_next(make_active(100))
    claim_next(make_active(100, 100), "another lane")
    listener = Listener(claim, never)
    listener.begun_at -= 60

    listener.beat([])

    assert listener.order is Order.GO_ON


# ---- keeping a lease while somebody else is asked


class Renewed:
    """Counts renewals, and refuses them from the `until`th on."""

    def __init__(self, until: int = 1000) -> None:
        self.count, self.until = 0, until

    def renew_when_due(self) -> None:
        self.count += 1
        if self.count >= self.until:
            raise LeaseLost("gone")


def test_a_lease_is_kept_while_a_store_takes_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "HELD_SECONDS", 0.01)
    lease = Renewed()

    assert held_during(lease, lambda: sleep(0.2) or "said") == "said"  # type: ignore[arg-type]
    assert lease.count > 3


def test_what_the_call_raises_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise ZeroDivisionError("a bug")

    with pytest.raises(ZeroDivisionError):
        held_during(Renewed(), refuse)  # type: ignore[arg-type]


def test_a_lane_that_lost_its_lease_waits_for_no_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "HELD_SECONDS", 0.01)
    answered = threading.Event()

    with pytest.raises(LeaseLost):
        held_during(Renewed(until=2), lambda: answered.wait(20))  # type: ignore[arg-type]

    answered.set()


def test_every_row_counts_once_when_some_are_throttled_at_the_end_of_a_slice(
    make_active: MakeActive, perform_slice: PerformSlice, script: Script
) -> None:
    job = make_active(250, 50)
    for key in keys(250)[::10]:
        script.on(key, THROTTLED, SUCCESSFUL)

    for _ in range(6):  # rows that were throttled in two minutes are two retry slices
        if Slice.objects.exclude(state=Slice.State.DONE).exists():
            perform_slice(job)

    job.refresh_from_db()
    assert (job.succeeded, job.failed) == (300, 0)
