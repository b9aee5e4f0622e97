"""Lanes whose process is gone lose their work at once; living ones keep it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import OperationalError
from django.db.models.functions import Now

from jobs import lanes, leases, presence
from jobs.leases import Stopped, held_during, host, process_start
from jobs.models import Lane, Slice
from tests.conftest import MakeJob
from tests.core.conftest import MakeActive, claim_next


@pytest.fixture
def dead_pid() -> int:
    """A process that has ended."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def show(owner: str, pid: int, *, start: int = 1, machine: str | None = None) -> None:
    Lane.objects.create(
        owner=owner, node="node", host=machine or host(), pid=pid, process_start=start
    )


def test_a_dead_process_loses_its_slice_at_once(make_active: MakeActive, dead_pid: int) -> None:
    job = make_active(5)
    claim_next(job, "dead")
    show("dead", dead_pid)

    presence.reap()

    assert not Lane.objects.exists()
    assert claim_next(job, "successor").slice.epoch == 2


def test_a_dead_process_loses_the_job_it_prepared(make_job: MakeJob, dead_pid: int) -> None:
    job = make_job(status="Preparing")
    assert lanes.claim_job(job, "dead")
    show("dead", dead_pid)
    assert lanes.waiting() == []

    presence.reap()

    assert lanes.waiting() == [job]


def test_a_pid_that_was_given_to_another_process_is_a_dead_lane(make_active: MakeActive) -> None:
    job = make_active(5)
    claim_next(job, "dead")
    show("dead", os.getpid(), start=1)

    presence.reap()

    assert lanes.waiting() == [job]


def test_a_living_process_keeps_its_slice(make_active: MakeActive) -> None:
    claim_next(make_active(5), "alive")
    show("alive", os.getpid(), start=process_start(os.getpid()) or 0)

    presence.reap()

    assert Lane.objects.get().owner == "alive"
    assert lanes.waiting() == []


def test_the_processes_of_other_machines_are_left_to_their_leases(
    make_active: MakeActive, dead_pid: int
) -> None:
    claim_next(make_active(5), "elsewhere")
    show("elsewhere", dead_pid, machine="another-machine")

    presence.reap()

    assert Lane.objects.get().owner == "elsewhere"
    assert Slice.objects.get().lease_until is not None
    assert lanes.waiting() == []


def test_lanes_that_were_silent_for_long_are_forgotten(db: None) -> None:
    show("silent", 1, machine="another-machine")
    Lane.objects.update(beat_at=Now() - timedelta(seconds=10 * settings.LADING_LEASE_SECONDS + 1))

    presence.reap()

    assert not Lane.objects.exists()


def test_what_others_hold_is_not_touched(make_active: MakeActive, dead_pid: int) -> None:
    job = make_active(5, 5)
    claim_next(job, "dead")
    claim_next(job, "alive")
    show("dead", dead_pid)

    presence.reap()

    assert claim_next(job, "successor").slice.number == 1
    assert lanes.claim_slice(job, "successor") is None


def test_a_lane_shows_what_it_is_at_and_is_gone_when_it_ends(make_job: MakeJob) -> None:
    job = make_job()
    presence.show_lane("node:1:2", "node", job_id=job.pk, succeeded=3)
    presence.show_lane("node:1:2", "node", job_id=job.pk, succeeded=5)

    row = Lane.objects.get()
    assert (row.node, row.job, row.succeeded) == ("node", job, 5)
    assert (row.pid, row.process_start) == (os.getpid(), process_start(os.getpid()))

    presence.drop_lane("node:1:2")
    assert not Lane.objects.exists()


def test_a_process_that_has_ended_and_was_not_waited_for_counts_as_gone() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.read()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)

    assert process_start(child.pid) is None

    child.stdout.close()
    child.wait()


def test_a_lanes_name_tells_its_node_and_its_process() -> None:
    name = presence.name_lane("node-1")

    assert name == f"node-1:{os.getpid()}:{process_start(os.getpid())}"


# ---- a lane that prepares or finishes a job


@pytest.fixture
def short_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "HELD_SECONDS", 0.01)
    monkeypatch.setattr(presence, "BEAT_SECONDS", 0.05)
    monkeypatch.setattr(presence, "STOP_SECONDS", 0.2)


def prepares(make_job: MakeJob, stop: list[bool]) -> lanes.JobClaim:
    claim = lanes.claim_job(make_job(status="Preparing"), "node:1:2")
    assert claim is not None
    claim.lease.attend = presence.Attendance(claim.owner, lambda: bool(stop))
    return claim


@pytest.mark.usefixtures("short_holds")
def test_a_lane_says_that_it_is_there_while_a_store_takes_its_time(make_job: MakeJob) -> None:
    claim = prepares(make_job, [])
    presence.show_lane(claim.owner, "node", job_id=claim.job.pk)
    Lane.objects.update(beat_at=Now() - timedelta(seconds=60))

    held_during(claim.lease, lambda: threading.Event().wait(0.3))

    assert Lane.objects.filter(beat_at__gt=Now() - timedelta(seconds=10)).exists()


@pytest.mark.usefixtures("short_holds")
def test_it_says_so_as_well_between_many_short_calls(make_job: MakeJob) -> None:
    claim = prepares(make_job, [])
    claim.lease.attend.beaten_at -= 1  # type: ignore[attr-defined]

    held_during(claim.lease, lambda: None)

    assert Lane.objects.get().node == "node"


@pytest.mark.usefixtures("short_holds")
def test_it_waits_for_no_store_when_the_engine_stops(make_job: MakeJob) -> None:
    answered = threading.Event()
    claim = prepares(make_job, [True])

    with pytest.raises(Stopped):
        held_during(claim.lease, lambda: answered.wait(20))

    answered.set()


@pytest.mark.usefixtures("short_holds")
def test_it_has_time_for_what_is_nearly_done(make_job: MakeJob) -> None:
    claim = prepares(make_job, [True])

    assert held_during(claim.lease, lambda: threading.Event().wait(0.05) or "said") == "said"


@pytest.mark.usefixtures("short_holds")
def test_a_database_that_does_not_take_a_beat_is_borne(
    make_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = prepares(make_job, [])

    def away(*_: object) -> None:
        raise OperationalError("away")

    class Connection:
        def close(self) -> None:
            """There is nothing to close."""

    monkeypatch.setattr(presence, "show_lane", away)
    monkeypatch.setattr(presence, "connection", Connection())

    assert held_during(claim.lease, lambda: threading.Event().wait(0.2) or "said") == "said"
