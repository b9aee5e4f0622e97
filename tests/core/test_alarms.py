"""Alarms: work that nobody does, and slices that kill their workers (django-q2.md section 6)."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from jobs import alarms, background, leases
from jobs.background import Ticker
from jobs.models import Job, Node, Slice
from jobs.status import FINAL
from tests.conftest import OTHER_ACCOUNT, MakeJob
from tests.core.conftest import MakeActive

NODE = "here-1"


@pytest.fixture(autouse=True)
def _no_bells(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody answers a doorbell."""
    monkeypatch.setattr(background, "_ring_node", lambda *_: None)


@pytest.fixture
def node(db: None) -> Node:
    """An engine that is alive."""
    return Node.objects.create(name=NODE, host="there", pid=1, slots=2)


def ago(seconds: float) -> Any:
    return Now() - timedelta(seconds=seconds)


def codes(account: str | None = None) -> list[str]:
    return [alarm.code for alarm in alarms.alarms(account)]


# ---- nobody is there


def test_work_without_an_engine_is_an_alarm(make_job: MakeJob) -> None:
    make_job(status="New")

    assert codes() == ["NoEngine"]


@pytest.mark.parametrize(
    "status", ["Preparing", "Ready", "Active", "Pausing", "Paused", "Cancelling"]
)
def test_so_it_is_whatever_the_job_waits_for(make_job: MakeJob, status: str) -> None:
    make_job(status=status)

    assert codes() == ["NoEngine"]


@pytest.mark.parametrize("status", ["Ready", "Active", "Paused"])
def test_a_job_that_a_person_paused_needs_no_engine(make_job: MakeJob, status: str) -> None:
    make_job(status=status, held_by="ada")

    assert codes() == []


def test_an_engine_that_was_not_seen_for_five_seconds_is_none(
    node: Node, make_job: MakeJob
) -> None:
    make_job(status="New")
    assert codes() == []

    Node.objects.update(beat_at=ago(6))
    assert codes() == ["NoEngine"]


def test_without_work_nobody_need_be_there(make_job: MakeJob) -> None:
    make_job(status="Suspended")

    assert codes() == []


# ---- workers are free and work waits


def test_work_that_waits_for_a_minute_while_workers_are_free_is_an_alarm(
    node: Node, make_job: MakeJob
) -> None:
    make_job(status="New")
    Ticker(NODE).tick()
    assert Node.objects.get().waiting_since is not None
    assert codes() == []

    Node.objects.update(waiting_since=ago(61))
    (alarm,) = alarms.alarms(None)
    assert alarm.code == "WorkWaits"
    assert alarm.since == Node.objects.get().waiting_since


def test_the_memory_ends_when_the_work_is_taken(node: Node, make_job: MakeJob) -> None:
    make_job(status="New")
    ticker = Ticker(NODE)
    ticker.tick()
    Node.objects.update(waiting_since=ago(61), alarmed=True)
    Job.objects.update(lease_until=ago(-30))

    ticker.tick()

    row = Node.objects.get()
    assert (row.waiting_since, row.alarmed) == (None, False)
    assert codes() == []


def test_it_begins_anew_when_work_waits_again(node: Node, make_job: MakeJob) -> None:
    job = make_job(status="New")
    ticker = Ticker(NODE)
    ticker.tick()
    Node.objects.update(waiting_since=ago(61))
    Job.objects.update(not_before=ago(-100))
    ticker.tick()
    Job.objects.filter(pk=job.pk).update(not_before=None)

    ticker.tick()

    assert Node.objects.get().waiting_since is not None
    assert codes() == []


def test_the_log_tells_of_it_once(
    node: Node, make_job: MakeJob, caplog: pytest.LogCaptureFixture
) -> None:
    make_job(status="New")
    ticker = Ticker(NODE)
    ticker.tick()
    assert "Work has waited" not in caplog.text
    Node.objects.update(waiting_since=ago(61))

    for _ in range(3):
        ticker.tick()

    errors = [record for record in caplog.records if record.levelname == "ERROR"]
    assert [record.message for record in errors] == [
        "Work has waited for more than a minute while workers are free."
    ]


# ---- the memory outlives the engine


def test_an_engine_that_gives_up_hands_its_memory_on(make_job: MakeJob) -> None:
    make_job(status="New")
    first = Ticker("here-1")
    first.tick()
    Node.objects.update(waiting_since=ago(50), alarmed=True)
    since = Node.objects.get().waiting_since
    first.leave(in_order=False)
    assert codes() == ["NoEngine"], "it is gone at once"

    Ticker("here-2").tick()

    new, old = Node.objects.get(pk="here-2"), Node.objects.get(pk="here-1")
    assert (new.waiting_since, new.alarmed) == (since, True)
    assert old.waiting_since is None


def test_so_does_one_that_was_killed_on_this_machine(make_job: MakeJob) -> None:
    make_job(status="New")
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    Node.objects.create(
        name="killed", host=leases.host(), pid=child.pid, slots=2, waiting_since=ago(70)
    )

    Ticker("here-2").tick()

    assert codes() == ["WorkWaits"]


def test_an_engine_that_is_alive_keeps_its_memory(node: Node, make_job: MakeJob) -> None:
    make_job(status="New")
    Node.objects.update(waiting_since=ago(30))

    Ticker("here-2").tick()

    assert Node.objects.get(pk=NODE).waiting_since is not None
    assert Node.objects.filter(pk="here-2", waiting_since__gt=ago(10)).exists()


def test_what_was_remembered_long_ago_is_forgotten(node: Node, make_job: MakeJob) -> None:
    make_job(status="New")
    Node.objects.update(beat_at=ago(3600), waiting_since=ago(7200))

    Ticker("here-2").tick()

    assert codes() == []


def test_an_engine_that_stops_in_order_leaves_nothing(make_job: MakeJob) -> None:
    make_job(status="New")
    first = Ticker("here-1")
    first.tick()
    Node.objects.update(waiting_since=ago(61))

    first.leave(in_order=True)

    assert codes() == ["NoEngine"]


# ---- slices that kill


@pytest.fixture
def killer(node: Node, make_active: MakeActive) -> Slice:
    job = make_active(5, 5)
    job.slices.filter(number=2).update(crashes=3)
    return job.slices.get(number=2)


def test_a_slice_whose_workers_died_three_times_is_an_alarm(killer: Slice) -> None:
    (alarm,) = alarms.alarms(None)

    assert (alarm.code, alarm.job) == ("SliceKillsWorkers", killer.job)
    assert alarm.message.startswith("Slice 2 has lost its worker 3 times.")


def test_twice_is_no_alarm_yet(killer: Slice) -> None:
    Slice.objects.update(crashes=2)

    assert codes() == []


def test_a_slice_that_is_done_is_no_alarm_any_more(killer: Slice) -> None:
    Slice.objects.filter(pk=killer.pk).update(state=Slice.State.DONE)

    assert codes() == []


@pytest.mark.parametrize("status", sorted(FINAL))
def test_a_slice_of_a_job_that_has_ended_kills_nobody_any_more(killer: Slice, status: str) -> None:
    Job.objects.update(status=status)

    assert codes() == []


def test_slices_of_other_accounts_are_not_told_of(killer: Slice) -> None:
    assert codes(OTHER_ACCOUNT) == []
    assert codes(killer.job.account_id) == ["SliceKillsWorkers"]


def test_the_log_tells_of_each_slice_once(killer: Slice, caplog: pytest.LogCaptureFixture) -> None:
    ticker = Ticker(NODE)
    ticker.tick()
    Slice.objects.filter(pk=killer.pk).update(crashes=4)
    ticker.tick()

    errors = [record.message for record in caplog.records if record.levelname == "ERROR"]
    assert len(errors) == 1
    assert str(killer.job_id) in errors[0]
