"""Doorbells, the ticker and the watchdog (design decision 8)."""

from __future__ import annotations

import inspect
from datetime import timedelta
from importlib.metadata import version
from multiprocessing import get_context
from types import SimpleNamespace
from typing import Any

import django_q.cluster
import pytest
from django.db.models.functions import Now
from django_q.models import OrmQ
from django_q.queues import Queue

from jobs import background, leases, working
from jobs.background import ThisNode, Ticker
from jobs.management.commands.engine import PollQueue, Stopping
from jobs.models import Lane, Node
from tests.conftest import MakeJob

NODE = "here-1"


class Bells:
    """A broker that counts what is put into each queue."""

    def __init__(self) -> None:
        self.queues: dict[str, list[object]] = {}
        self.acknowledged: list[tuple[str, object]] = []
        self.deleted: list[str] = []

    def of(self, node: str) -> Any:
        bells, rung = self, self.queues.setdefault(node, [])

        class Broker:
            def queue_size(self) -> int:
                return len(rung)

            def acknowledge(self, ack_id: object) -> None:
                bells.acknowledged.append((node, ack_id))

            def delete_queue(self) -> None:
                bells.deleted.append(node)

        return Broker()


@pytest.fixture
def bells(monkeypatch: pytest.MonkeyPatch) -> Bells:
    bells = Bells()
    brokers: dict[str, Any] = {}

    def broker(node: str) -> Any:
        return brokers.setdefault(node, bells.of(node))

    def async_task(func: str, *, broker: object, **_: object) -> None:
        node = next(name for name, known in brokers.items() if known is broker)
        bells.queues[node].append(func)

    monkeypatch.setattr(background, "broker", broker)
    monkeypatch.setattr(background, "async_task", async_task)
    return bells


@pytest.fixture
def node(db: None, monkeypatch: pytest.MonkeyPatch) -> Node:
    monkeypatch.setattr(ThisNode, "name", NODE)
    return Node.objects.create(name=NODE, host=leases.host(), pid=1, slots=2)


# ---- ringing


def test_ringing_puts_a_doorbell_for_each_slot_of_each_living_node(
    node: Node, bells: Bells
) -> None:
    Node.objects.create(name="there-2", host="there", pid=1, slots=3)
    Node.objects.create(
        name="gone-3", host="gone", pid=1, slots=4, beat_at=Now() - timedelta(seconds=20)
    )

    background.ring()

    assert {name: len(rung) for name, rung in bells.queues.items()} == {NODE: 2, "there-2": 3}


def test_doorbells_that_nobody_answered_yet_are_not_doubled(node: Node, bells: Bells) -> None:
    for _ in range(5):
        background.ring()

    assert len(bells.queues[NODE]) == 2


def test_ringing_never_fails(
    node: Node, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def unreachable(_: str) -> None:
        raise ConnectionError("the broker is away")

    monkeypatch.setattr(background, "broker", unreachable)
    background.ring()

    assert "The doorbell could not be rung" in caplog.text


def test_ringing_goes_through_the_real_broker(
    node: Node, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "orm" not in settings.Q_CLUSTER:
        pytest.skip("the broker is Redis")
    background.ring()

    assert OrmQ.objects.filter(key=background.queue_of(NODE)).count() == 2


# ---- a doorbell is answered


def test_a_doorbell_is_acknowledged_before_its_lane_starts(node: Node, bells: Bells) -> None:
    background.broker(NODE)
    task = {"id": "1", "ack_id": 17}

    background.acknowledge(None, background.lane, task)

    assert bells.acknowledged == [(NODE, 17)]
    assert "ack_id" not in task, "so that the monitor does not acknowledge it again"


def test_other_calls_are_acknowledged_by_django_q_itself(node: Node, bells: Bells) -> None:
    task = {"id": "1", "ack_id": 17}

    background.acknowledge(None, print, task)

    assert (bells.acknowledged, task["ack_id"]) == ([], 17)


def test_a_lane_says_that_the_node_answers_and_ends_when_there_is_nothing(node: Node) -> None:
    assert background.lane() == 0

    node.refresh_from_db()
    assert node.answered_at is not None
    assert not Lane.objects.exists()


def test_a_lane_stops_when_the_engine_asks(
    node: Node, make_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_job(status="New")
    monkeypatch.setattr(working, "perform", lambda *_: pytest.fail("it began something"))
    monkeypatch.setattr(background, "STOP", bytearray(b"\x01"))

    assert background.lane() == 0


# ---- the ticker and the watchdog


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A clock that goes on when told to."""

    class Clock:
        now = 1000.0

        def monotonic(self) -> float:
            return self.now

    clock = Clock()
    monkeypatch.setattr(background, "time", clock)
    return clock


def test_the_first_tick_puts_the_node_on_the_list(db: None, bells: Bells) -> None:
    Ticker(NODE).tick()

    assert Node.objects.get().host == leases.host()


def test_the_ticker_rings_when_work_waits_and_not_all_the_time(
    node: Node, bells: Bells, make_job: MakeJob, clock: Any
) -> None:
    make_job(status="New")
    ticker = Ticker(NODE)
    ticker.tick()
    assert len(bells.queues[NODE]) == ticker.slots

    bells.queues[NODE].clear()
    ticker.tick()
    assert bells.queues[NODE] == [], "the bell was rung a moment ago"

    clock.now += background.RING_AGAIN_SECONDS + 0.1
    ticker.tick()
    assert len(bells.queues[NODE]) == ticker.slots


def test_the_ticker_does_not_ring_when_nothing_waits(
    node: Node, bells: Bells, make_job: MakeJob
) -> None:
    make_job(status="Suspended")

    assert not Ticker(NODE).tick()
    assert bells.queues.get(NODE, []) == []


def test_a_node_is_wedged_when_its_doorbells_go_unanswered(
    node: Node, bells: Bells, make_job: MakeJob, clock: Any
) -> None:
    make_job(status="New")
    ticker = Ticker(NODE)

    assert not ticker.tick()
    clock.now += background.UNANSWERED_SECONDS - 0.1
    assert not ticker.tick()
    clock.now += 0.2
    assert ticker.tick()


def test_a_node_is_not_wedged_while_its_workers_answer(
    node: Node, bells: Bells, make_job: MakeJob, clock: Any
) -> None:
    make_job(status="New")
    ticker = Ticker(NODE)
    for _ in range(10):
        assert not ticker.tick()
        clock.now += background.UNANSWERED_SECONDS - 1
        Node.objects.update(answered_at=Now())


def test_a_node_is_not_wedged_when_its_work_must_wait(
    node: Node, bells: Bells, make_job: MakeJob, clock: Any
) -> None:
    job = make_job(status="New")
    ticker = Ticker(NODE)
    ticker.tick()
    type(job).objects.update(not_before=Now() + timedelta(minutes=5))
    clock.now += 100
    assert not ticker.tick(), "nothing is claimable now"

    type(job).objects.update(not_before=None)
    clock.now += 100
    assert not ticker.tick(), "the time before does not count"


def test_a_node_is_not_wedged_while_all_its_workers_are_busy(
    node: Node, bells: Bells, make_job: MakeJob, clock: Any
) -> None:
    make_job(status="New")
    ticker = Ticker(NODE)
    ticker.tick()
    for number in range(ticker.slots):
        Lane.objects.create(
            owner=f"{NODE}:{number}:1", node=NODE, host="elsewhere", pid=number, process_start=1
        )
    clock.now += 100

    assert not ticker.tick()


def test_the_ticker_judges_its_own_node_alone(
    node: Node, bells: Bells, make_job: MakeJob, clock: Any
) -> None:
    Node.objects.create(name="there-2", host="there", pid=1, slots=3)
    make_job(status="New")
    ticker = Ticker(NODE)
    for _ in range(10):
        clock.now += background.UNANSWERED_SECONDS - 1
        Node.objects.filter(pk=NODE).update(answered_at=Now())
        assert not ticker.tick(), "that others do not answer is not its concern"


def test_a_node_that_is_long_gone_is_forgotten_with_its_queue(node: Node, bells: Bells) -> None:
    Node.objects.create(
        name="gone-3", host="gone", pid=1, slots=4, beat_at=Now() - timedelta(seconds=61)
    )

    Ticker(NODE).tick()

    assert [kept.name for kept in Node.objects.all()] == [NODE]
    assert bells.deleted == ["gone-3"]


def test_a_node_that_stops_in_order_is_forgotten_at_once(node: Node, bells: Bells) -> None:
    Ticker(NODE).leave(in_order=True)

    assert not Node.objects.exists()
    assert bells.deleted == [NODE]


def test_a_sentinel_that_has_ended_keeps_nobody_from_ending_the_engine() -> None:
    """Its pid may be another process' by now, so that nothing may be sent to it."""
    sentinel = get_context("fork").Process(target=int)
    sentinel.start()
    sentinel.join()

    Stopping(SimpleNamespace(sentinel=sentinel)).kill()


# ---- the four fixes lean on the inside of django-q2


def test_django_q2_is_the_version_that_the_engine_was_made_for() -> None:
    assert version("django-q2") == "1.11.1"


def test_the_cluster_still_builds_its_queues_from_the_name_that_the_engine_replaces() -> None:
    assert django_q.cluster.Queue is Queue
    assert "Queue(" in inspect.getsource(django_q.cluster)


def test_the_polling_queue_takes_what_is_put_into_it() -> None:
    queue = PollQueue()
    queue.put("doorbell")

    assert queue.get() == "doorbell"
    queue.close()
    queue.join_thread()


def test_the_polling_queue_waits_without_the_readers_lock() -> None:
    queue = PollQueue()
    queue._rlock = Watched(queue._rlock)
    queue.put("doorbell")

    queue.get()

    assert queue._rlock.waits == [False], "taken without waiting, once something is there"
    queue.close()
    queue.join_thread()


class Watched:
    """A lock that notes how it is taken."""

    def __init__(self, lock: Any) -> None:
        self.lock = lock
        self.waits: list[bool] = []

    def acquire(self, block: bool = True, timeout: float | None = None) -> bool:
        self.waits.append(block)
        return bool(self.lock.acquire(block, timeout))

    def release(self) -> None:
        self.lock.release()
