"""The page and API of the workers tell the truth about real processes, within seconds."""

from __future__ import annotations

import signal
from typing import Any

import pytest

from tests.processes.engine.conftest import Engine
from tests.processes.engine.gate import Gate
from tests.processes.engine.jobs import completed, is_task, progress, tag_all
from tests.processes.installation import Installation, until

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("engine")]

ROWS = 16
SOON = 8
"""Five seconds, and what a busy machine needs to answer."""


def lanes(installation: Installation) -> list[Any]:
    """The lanes of all nodes, as the API tells them."""
    told = installation.api("GET", "workers/")
    return [lane for node in told["nodes"] for lane in node["lanes"]]


def nodes(installation: Installation) -> list[Any]:
    return list(installation.api("GET", "workers/")["nodes"])


def test_lanes_and_engines_that_die_are_gone_within_5_seconds_and_frozen_ones_are_silent(
    installation: Installation, gate: Gate, engine: Engine
) -> None:
    gate.hold = is_task
    job = tag_all(installation, ROWS)
    until(lambda: gate.held, 30, "requests in flight")
    lane = until(lambda: lanes(installation), 5, "a lane")[0]
    assert lane["work"]["job"] == job
    assert lane["work"]["stage"] == "Performing"
    assert lane["work"]["slice"] == {"number": 1, "size": ROWS}
    # The engine of the test before this one may have been killed a moment ago.
    until(lambda: [node["pid"] for node in nodes(installation)] == [engine.pid], SOON, "one engine")
    assert nodes(installation)[0]["free"] == 1

    # A frozen worker is told apart from one that works.
    installation.signal(lane["pid"], signal.SIGSTOP)
    until(lambda: (lanes(installation)[0]["silent_seconds"] or 0) >= 5, 15, "a silent lane")
    installation.signal(lane["pid"], signal.SIGCONT)
    until(lambda: lanes(installation)[0]["silent_seconds"] is None, 15, "a lane that speaks again")

    # A dead one is gone, and another does its work.
    first = lanes(installation)[0]["pid"]
    installation.kill(first)
    until(lambda: first not in pids(installation), SOON, "the lane to vanish")
    until(lambda: lanes(installation), 15, "another lane")

    # So is an engine, with all of its lanes.
    engine.kill()
    until(lambda: not nodes(installation), SOON, "the engine to vanish")
    until(lambda: "NoEngine" in alarms(installation), 15, "the alarm that no engine runs")

    gate.open()
    installation.start_engine()
    assert progress(completed(installation, job)) == (ROWS, ROWS, 0)


def alarms(installation: Installation) -> list[str]:
    return [alarm["code"] for alarm in installation.api("GET", "workers/")["alarms"]]


def pids(installation: Installation) -> list[int]:
    return [lane["pid"] for lane in lanes(installation)]
