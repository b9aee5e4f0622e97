"""What a lane's row says while it works, and that the row goes when the lane does."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError

from jobs import execution, lanes, presence, working
from jobs.leases import Stopped
from jobs.models import Job, Lane, Slice
from tests.conftest import MakeJob
from tests.core.conftest import MakeActive, PerformSlice, RunLane, keys
from tests.core.scripted import Script


class Closed:
    """A connection that is closed when the database is away."""

    def close(self) -> None:
        """There is nothing to close."""


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> list[Lane]:
    """The lane's row at each of its signs of life."""
    show, seen = presence.show_lane, []

    def note(owner: str, node: str, **at: Any) -> None:
        show(owner, node, **at)
        seen.append(Lane.objects.get(pk=owner))

    monkeypatch.setattr(presence, "show_lane", note)
    return seen


def test_a_lane_tells_the_slice_that_it_performs(
    make_active: MakeActive, run_lane: RunLane, rows: list[Lane]
) -> None:
    job = make_active(5, 5)
    run_lane()

    performed = [row for row in rows if row.stage == Lane.Stage.PERFORMING]
    assert {row.slice_id for row in performed} == set(job.slices.values_list("pk", flat=True))
    assert {row.job_id for row in performed} == {job.pk}
    assert len({row.work_since for row in performed}) == 2, "for how long on each"
    assert not Lane.objects.exists()


def test_a_lane_tells_that_it_prepares_and_that_it_finishes(
    make_job: MakeJob, run_lane: RunLane, rows: list[Lane], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "prepare", lambda claim, _: claim.release(not_before=far_off()))
    prepared = make_job(status="New")
    finished = make_job(status="Completing")
    run_lane()

    told = {row.job_id: (row.stage, row.slice_id) for row in rows}
    assert told == {prepared.pk: ("Preparing", None), finished.pk: ("Finishing", None)}


def far_off() -> str:
    return "2100-01-01T00:00:00Z"


@pytest.mark.usefixtures("beats_often")
def test_a_lane_tells_how_many_tasks_it_ends_in_a_second(
    make_active: MakeActive,
    perform_slice: PerformSlice,
    rows: list[Lane],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "operations.pace.Meter.per_second", lambda meter: float(meter._done), raising=True
    )
    perform_slice(make_active(100))

    rates = [row.rate for row in rows]
    assert rates == sorted(rates)
    assert 0 < rates[-1] <= 100


# ---- the engine stops


def test_a_lane_hears_at_once_that_the_engine_stops_and_not_with_its_next_beat(
    make_active: MakeActive,
    perform_slice: PerformSlice,
    script: Script,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lanes, "BEAT_SECONDS", 60.0)
    stopping: list[bool] = []
    job = make_active(100)
    script.when_sent("k00010", lambda: stopping.append(True))
    perform_slice(job, stop=lambda: bool(stopping))

    assert script.sent == keys(16)
    row = job.slices.get()
    assert (row.state, row.owner, row.next_index) == (Slice.State.READY, "", 16)


def test_a_job_whose_preparing_is_broken_off_is_given_back(
    make_job: MakeJob, run_lane: RunLane, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopping: list[bool] = []

    def prepare(*_: object) -> None:
        stopping.append(True)
        raise Stopped("The engine stops.")

    monkeypatch.setattr(working, "prepare", prepare)
    job = make_job(status="Preparing")
    run_lane(lambda: bool(stopping))

    job.refresh_from_db()
    assert (job.status, job.owner, job.lease_until, job.errors) == ("Preparing", "", None, 0)
    assert lanes.waiting() == [job], "the next engine need not wait for a lease to run out"


# ---- the database is away


def test_a_lane_is_not_over_before_its_row_is_gone(
    make_active: MakeActive, run_lane: RunLane, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop, tried = presence.drop_lane, []

    def away(owner: str) -> None:
        tried.append(owner)
        if len(tried) < 3:
            raise OperationalError("the server closed the connection unexpectedly")
        drop(owner)

    monkeypatch.setattr(presence, "drop_lane", away)
    monkeypatch.setattr(working, "connection", Closed())
    monkeypatch.setattr(working, "AWAY_SECONDS", 0.0)
    make_active(5)
    run_lane()

    assert len(tried) == 3
    assert not Lane.objects.exists(), "else the ticker would take it for busy, and not ring"


def test_it_waits_for_no_database_when_the_engine_stops(
    make_job: MakeJob, run_lane: RunLane, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopping: list[bool] = []

    def away(_: str) -> None:
        stopping.append(True)
        raise OperationalError("away")

    monkeypatch.setattr(presence, "drop_lane", away)
    monkeypatch.setattr(working, "connection", Closed())
    run_lane(lambda: bool(stopping))

    assert len(stopping) == 1


def test_a_slice_is_given_back_when_the_database_is_there_again(
    make_active: MakeActive,
    perform_slice: PerformSlice,
    script: Script,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    commit, tried, stopping = execution.commit, [], []

    def away(*args: Any, **how: Any) -> None:
        if how["release"]:
            tried.append(1)
            if len(tried) < 3:
                raise OperationalError("the server closed the connection unexpectedly")
        commit(*args, **how)

    monkeypatch.setattr("jobs.listening.connection", Closed())
    monkeypatch.setattr(execution, "commit", away)
    monkeypatch.setattr(execution, "DRAIN_SECONDS", 10.0)
    monkeypatch.setattr(execution, "PART_SECONDS", 60.0)
    job = make_active(100)
    script.when_sent("k00010", lambda: stopping.append(True))
    perform_slice(job, stop=lambda: bool(stopping))

    assert len(tried) == 3
    job.refresh_from_db()
    assert job.succeeded == 16, "what was answered is not done again"
    assert Job.objects.get().slices.get().state == Slice.State.READY
