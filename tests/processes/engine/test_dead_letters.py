"""A task that kills whichever worker performs it: everything else is done, and it is told of."""

from __future__ import annotations

from typing import Any

import pytest

from tests.processes.engine.conftest import Engine
from tests.processes.engine.gate import Gate
from tests.processes.engine.jobs import ended, keys, progress, tag_all
from tests.processes.installation import Installation, until

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("engine")]

ROWS = 16
POISON = "k009"
MOST_DEATHS = 2 + 3 + 5
"""Two at the whole slice, one at each half, quarter and pair, five at the task alone."""


def test_a_task_that_kills_its_workers_is_found_and_given_up(
    installation: Installation, gate: Gate, engine: Engine
) -> None:
    gate.poison = f"/photos/{POISON}?tagging"
    job = tag_all(installation, ROWS)
    alarms: list[Any] = []

    def look() -> Any:
        alarms.extend(installation.api("GET", "workers/")["alarms"])
        return ended(installation, job)

    done = until(look, 120, "the job to end")

    assert done["status"] == "Complete"
    assert progress(done) == (ROWS, ROWS - 1, 1)
    (failure,) = installation.api("GET", f"jobs/{job}/results/?status=failed")["results"]
    assert (failure["key"], failure["error_code"]) == (POISON, "WorkerDied")
    assert "five times" in failure["message"]
    assert 5 <= len(gate.killed) <= MOST_DEATHS
    assert engine.poll() is None, "the engine itself lives"
    client = installation.client(gate.endpoint)
    for key in set(keys(ROWS)) - {POISON}:
        assert client.get_object_tagging(Bucket="photos", Key=key)["TagSet"], key
    kills = [alarm for alarm in alarms if alarm["code"] == "SliceKillsWorkers"]
    assert {alarm["job"] for alarm in kills} == {job}
    log = (installation.folder / "engine.log").read_text()
    assert log.count("has lost its worker") == 1
