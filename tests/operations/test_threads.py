"""Many targets in flight in threads."""

import subprocess
import sys
import threading
from time import monotonic

import pytest

from operations.base import SUCCESSFUL, Operation, Outcome, Store, Target
from operations.threads import ThreadSender


class Gate(Operation):
    """Waits until the test lets it go; raises on the key "bug"."""

    name = "S3Gate"
    label = "Gate"
    permissions = ()

    def run(self, store: Store, target: Target) -> Outcome:
        gate = store.s3
        with gate.lock:
            gate.begun.append(target.key)
        if not target.key.startswith("quick"):
            gate.opened.wait(20)
        if target.key.endswith("bug"):
            raise ZeroDivisionError("a bug")
        return SUCCESSFUL


class Opened:
    """What the operation and the test share."""

    def __init__(self):
        self.lock = threading.Lock()
        self.opened = threading.Event()
        self.begun = []


@pytest.fixture
def gate():
    gate = Opened()
    yield gate
    gate.opened.set()


@pytest.fixture
def make_sender(gate):
    made = []

    def make(threads):
        sender = ThreadSender(Gate(), Store(gate), threads)
        made.append(sender)
        return sender

    yield make
    gate.opened.set()
    for sender in made:
        sender.close()


def target(key="slow"):
    return Target("photos", key)


def collect(sender, count):
    outcomes = []
    deadline = monotonic() + 10
    while len(outcomes) < count and monotonic() < deadline:
        outcomes += sender.collect(1)
    return dict(outcomes)


def wait_until(condition):
    deadline = monotonic() + 10
    while not condition() and monotonic() < deadline:
        threading.Event().wait(0.005)
    assert condition()


def test_gives_every_outcome_with_its_index(make_sender):
    sender = make_sender(4)

    outcomes = {}
    for index in range(100):
        if not sender.room:
            outcomes |= dict(sender.collect(5))
        sender.send(index, target("quick"))
    outcomes |= collect(sender, 100 - len(outcomes))

    assert outcomes == dict.fromkeys(range(100), SUCCESSFUL)
    assert sender.in_flight == 0


def test_performs_as_many_at_once_as_there_are_threads(make_sender, gate):
    sender = make_sender(8)

    for index in range(8):
        sender.send(index, target())

    wait_until(lambda: len(gate.begun) == 8)
    assert (sender.in_flight, sender.room) == (8, 0)
    with pytest.raises(RuntimeError, match="no room"):
        sender.send(9, target())


def test_the_limit_rules_the_room(make_sender):
    sender = make_sender(8)
    sender.send(0, target())

    sender.limit = 3
    assert sender.room == 2
    sender.limit = 0
    assert (sender.room, sender.in_flight) == (0, 1)
    sender.limit = 100
    assert (sender.limit, sender.room) == (8, 7)


def test_collect_waits_no_longer_than_told(make_sender):
    sender = make_sender(1)
    sender.send(0, target())

    began = monotonic()

    assert sender.collect(0.05) == []
    assert 0.05 <= monotonic() - began < 5


def test_collect_returns_as_soon_as_one_has_come(make_sender):
    sender = make_sender(2)
    sender.send(0, target("slow"))
    sender.send(1, target("quick"))

    assert sender.collect(10) == [(1, SUCCESSFUL)]
    assert sender.in_flight == 1


def test_collect_does_not_wait_when_nothing_is_under_way(make_sender):
    began = monotonic()

    assert make_sender(1).collect(10) == []
    assert monotonic() - began < 5


def test_a_bug_in_a_thread_is_raised_by_collect_and_the_other_outcomes_stay(make_sender):
    sender = make_sender(2)
    sender.send(0, target("quick bug"))
    sender.send(1, target("quick"))

    with pytest.raises(ZeroDivisionError) as fault:
        collect(sender, 2)

    assert fault.value.__notes__ == ["While S3Gate was performed on index 0."]
    assert collect(sender, 1) == {1: SUCCESSFUL}
    assert sender.in_flight == 0


def test_the_outcomes_of_abandoned_targets_never_come(make_sender, gate):
    sender = make_sender(3)
    sender.send(5, target())
    sender.send(4, target())

    assert sender.abandon() == [4, 5]
    assert (sender.in_flight, sender.room) == (0, 1)
    sender.send(4, target("quick"))
    gate.opened.set()

    assert collect(sender, 1) == {4: SUCCESSFUL}
    wait_until(lambda: sender.collect(0.01) == [] and sender.room == 3)


def test_an_outcome_that_nobody_collected_is_abandoned_too(make_sender, gate):
    sender = make_sender(1)
    sender.send(0, target("quick"))
    wait_until(lambda: gate.begun)

    assert sender.abandon() == [0]
    assert sender.collect(0.05) == []


def test_a_bug_in_an_abandoned_target_is_raised_all_the_same(make_sender, gate):
    sender = make_sender(1)
    sender.send(0, target("bug"))
    wait_until(lambda: gate.begun)

    sender.abandon()
    gate.opened.set()

    with pytest.raises(ZeroDivisionError):
        sender.collect(10)


def test_takes_nothing_after_close_but_still_gives_what_was_sent(make_sender):
    sender = make_sender(2)
    sender.send(0, target("quick"))

    sender.close()
    sender.close()

    assert sender.room == 0
    with pytest.raises(RuntimeError, match="closed"):
        sender.send(1, target())
    assert collect(sender, 1) == {0: SUCCESSFUL}


def test_threads_end_after_close(make_sender):
    before = threading.active_count()
    sender = make_sender(4)
    for index in range(4):
        sender.send(index, target("quick"))
    collect(sender, 4)

    sender.close()

    wait_until(lambda: threading.active_count() <= before)


def test_a_request_that_hangs_does_not_keep_the_process():
    program = """
import threading
from operations.base import Operation, Store, Target
from operations.threads import ThreadSender

class Hang(Operation):
    name = "S3Hang"
    def run(self, store, target):
        threading.Event().wait()

sender = ThreadSender(Hang(), Store(None), 1)
sender.send(0, Target("photos", "a"))
sender.collect(0.1)
sender.close()
"""
    subprocess.run([sys.executable, "-c", program], timeout=120, check=True)
