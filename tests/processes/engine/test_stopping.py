"""An engine that is asked to stop ends within ten seconds, with exit code 0, whatever hangs."""

from __future__ import annotations

import fcntl
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from tests.processes.engine.conftest import Engine
from tests.processes.engine.gate import Gate, runs
from tests.processes.engine.jobs import (
    completed,
    is_task,
    keys,
    list_all,
    progress,
    tag_all,
    told_of,
)
from tests.processes.installation import Installation, children, until

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("engine")]

ROWS = 40
LONGEST = 10


def family(engine: Engine) -> list[int]:
    """Every process of the engine."""
    sentinels = children(engine.pid)
    return [engine.pid, *sentinels, *(pid for one in sentinels for pid in children(one))]


def ends(engine: Engine, all_of_it: list[int]) -> float:
    """Wait for the engine, and see that it ended in time, on purpose, without an orphan."""
    begun = time.monotonic()
    code = engine.wait(LONGEST)
    assert code == 0
    until(lambda: not any(map(runs, all_of_it)), 2, "every process of the engine to end")
    return time.monotonic() - begun


def lanes(installation: Installation) -> list[Any]:
    told = installation.api("GET", "workers/")
    return [lane for node in told["nodes"] for lane in node["lanes"]]


def sent(gate: Gate) -> int:
    """How many tasks have left the workers; a lane sends fewer at once while replies do not come,
    and none once it is asked to stop.
    """
    return len({what for what in list(gate.asked) if is_task(*what)})


@pytest.mark.parametrize("group", [False, True], ids=["the engine is told", "the group is told"])
def test_what_was_answered_is_committed_and_what_was_not_is_done_later(
    installation: Installation, gate: Gate, engine: Engine, group: bool
) -> None:
    slow = set(keys(ROWS)[10:20])
    gate.hold = lambda method, path: is_task(method, path) and path[8:12] in slow
    job = tag_all(installation, ROWS)
    until(lambda: gate.held == len(slow), 30, "requests in flight")
    processes = family(engine)

    (os.killpg if group else os.kill)(engine.pid, signal.SIGTERM)
    ends(engine, processes)

    assert progress(told_of(installation, job)) == (ROWS, sent(gate) - len(slow), 0)
    assert installation.api("GET", "workers/")["nodes"] == []
    gate.open()
    installation.start_engine()
    assert progress(completed(installation, job)) == (ROWS, ROWS, 0)
    again = {
        path[8:12] for (method, path), n in gate.asked.items() if is_task(method, path) and n > 1
    }
    assert again == slow, "what was answered is not sent again"


def test_a_store_that_hangs_while_a_job_is_prepared_keeps_nobody(
    installation: Installation, gate: Gate, engine: Engine
) -> None:
    gate.hold = lambda method, path: (
        method == "GET" and "list-type=2" in path and "prefix=k" in path
    )
    job = list_all(installation)
    until(lambda: gate.held, 30, "the listing")
    (lane,) = until(lambda: lanes(installation), 10, "a lane")
    assert lane["work"]["stage"] == "Preparing"
    processes = family(engine)

    engine.send_signal(signal.SIGTERM)
    ends(engine, processes)

    gate.open()
    installation.start_engine()
    assert progress(completed(installation, job)) == (64, 64, 0)


def test_a_worker_that_is_frozen_is_killed_at_the_deadline_and_leaves_no_orphan(
    installation: Installation, gate: Gate, engine: Engine
) -> None:
    gate.hold = is_task
    job = tag_all(installation, ROWS)
    until(lambda: gate.held, 30, "requests in flight")
    lane = until(lambda: lanes(installation), 10, "a lane")[0]
    processes = family(engine)
    installation.signal(lane["pid"], signal.SIGSTOP)

    engine.send_signal(signal.SIGTERM)
    seconds = ends(engine, processes)

    assert seconds > 3, "the lane was given time"
    gate.open()
    installation.start_engine()
    assert progress(completed(installation, job)) == (ROWS, ROWS, 0)


def test_a_database_that_hangs_keeps_nobody(
    installation: Installation, gate: Gate, engine: Engine
) -> None:
    gate.hold = is_task
    job = tag_all(installation, ROWS)
    until(lambda: gate.held, 30, "requests in flight")
    processes = family(engine)

    with hanging_database(installation):
        time.sleep(2)
        engine.send_signal(signal.SIGTERM)
        ends(engine, processes)

    gate.open()
    installation.start_engine()
    assert progress(completed(installation, job)) == (ROWS, ROWS, 0)


@contextmanager
def hanging_database(installation: Installation) -> Iterator[None]:
    """Nobody can write that they are there."""
    if url := installation.environment.get("DATABASE_URL"):
        with psycopg.connect(url) as held:
            held.execute("LOCK TABLE jobs_node, jobs_lane, jobs_slice IN ACCESS EXCLUSIVE MODE")
            yield
        return
    with (installation.folder / "lading.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def test_a_second_signal_ends_at_once(
    installation: Installation, gate: Gate, engine: Engine
) -> None:
    gate.hold = is_task
    tag_all(installation, ROWS)
    until(lambda: gate.held, 30, "requests in flight")
    processes = family(engine)

    engine.send_signal(signal.SIGINT)
    time.sleep(1.5)
    assert engine.poll() is None
    engine.send_signal(signal.SIGINT)

    assert ends(engine, processes) < 2.5


def test_the_same_signal_from_two_sides_is_one(
    installation: Installation, gate: Gate, engine: Engine
) -> None:
    slow = set(keys(ROWS)[:5])
    gate.hold = lambda method, path: is_task(method, path) and path[8:12] in slow
    job = tag_all(installation, ROWS)
    until(lambda: gate.held == len(slow), 30, "requests in flight")

    for _ in range(3):
        engine.send_signal(signal.SIGTERM)
        time.sleep(0.1)
    gate.open()
    ends(engine, family(engine))

    told = progress(told_of(installation, job))
    assert told == (ROWS, sent(gate), 0), "they had time to be answered"
    assert sent(gate) > len(slow)
