"""One SQLite file for four workers, the web server, twenty browsers and somebody who cannot stop
changing the job: nobody is told that it is locked.
"""

from __future__ import annotations

import csv
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from bench.crowd import LOGIN, READ, WRITE, Crowd
from bench.installation import REGION
from bench.server import NullServer
from bench.work import Work
from tests.conftest import require
from tests.processes.conftest import ON_SERVICES
from tests.processes.installation import Installation, until
from tests.processes.test_kills import ended

pytestmark = pytest.mark.processes

WORK = Work("tagging", 60_000)
DELAY_MS = 20
SECONDS = 12
SPEED = 1_500
"""Requests per second, so that the job outlasts the crowd."""
LONGEST_SECONDS = 20
"""A write that waits so long, on a machine as busy as it may be, waits for a lock."""


@pytest.fixture
def store() -> Iterator[NullServer]:
    require("gcc", "the null server is not compiled")
    with NullServer(DELAY_MS) as server:
        yield server


@pytest.fixture
def lading(store: NullServer, tmp_path: Path) -> Iterator[Installation]:
    """What `manage.py run` starts, with four workers, and a role for the store."""
    if ON_SERVICES:
        pytest.skip("this is about SQLite (make test)")
    made = Installation(tmp_path, {"LADING_WORKERS": "4", "LADING_LEASE_SECONDS": "30"})
    try:
        made.manage(
            *("role", "set", "store", "--endpoint-url", store.endpoint_url, "--region", REGION),
            *("--access-key-id", "test", "--secret-access-key", "test", "--addressing", "path"),
        )
        made.start(sys.executable, "manage.py", "run", name="run")
        until(lambda: is_ready(made), 60, "web server and engine")
        yield made
    except BaseException:
        print(made.logs())
        raise
    finally:
        made.close()


def is_ready(installation: Installation) -> bool:
    try:
        return requests.get(installation.url("/readyz"), timeout=5).ok
    except requests.RequestException:
        return False


def create(installation: Installation) -> str:
    file = {"file": ("list.csv", WORK.manifest())}
    manifest = installation.api("POST", "manifests/", files=file)
    asked = {
        "operation": WORK.operation,
        "parameters": WORK.parameters(),
        "manifest": {"id": manifest["id"]},
        "role": "store",
        "requests_per_second": SPEED,
        "confirmation_required": False,
        "report": {"enabled": True, "bucket": "reports", "scope": "AllTasks"},
    }
    return str(installation.api("POST", "jobs/", json=asked)["id"])


def test_nobody_is_told_that_the_database_is_locked(
    lading: Installation, store: NullServer
) -> None:
    crowd = Crowd(lading.url(""), "op", "op-password-of-a-test", lading.token, speed=SPEED)
    crowd.arrive()
    job = create(lading)
    with crowd.watch(job):
        time.sleep(SECONDS)
        assert lading.api("GET", f"jobs/{job}/")["status"] == "Active", "the job outlasts the crowd"
    lading.api("POST", f"jobs/{job}/speed/", json={"requests_per_second": None})
    done = until(lambda: ended(lading, job), 120, "the job to end")

    assert crowd.faults() == []
    assert len(crowd.seconds(READ)) > 20
    assert len(crowd.seconds(LOGIN)) > 20
    assert 0 < max(crowd.seconds(WRITE)) < LONGEST_SECONDS
    assert "locked" not in lading.logs()
    assert is_exact(lading, done)
    assert store.counts()["tagging"] >= WORK.count


def is_exact(installation: Installation, job: Any) -> bool:
    progress = job["progress"]
    assert job["status"] == "Complete"
    assert (progress["total"], progress["succeeded"], progress["failed"]) == (
        WORK.count,
        WORK.count,
        0,
    )
    files = installation.api("GET", f"jobs/{job['id']}/report/")["files"]
    [told] = [file for file in files if file["kind"] == "succeeded"]
    answer = requests.get(
        requests.compat.urljoin(installation.url("/"), told["url"]),
        headers={"Authorization": f"Token {installation.token}"},
        timeout=30,
    )
    rows = Counter(row[1] for row in csv.reader(answer.text.splitlines()))
    return rows == Counter(WORK.names())
