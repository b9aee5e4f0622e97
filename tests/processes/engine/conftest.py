"""One installation and one store for all tests of the engine; each has an engine of its own."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import pytest

from jobs.status import JobStatus
from tests.processes.conftest import ON_SERVICES, own_postgres_and_redis, running
from tests.processes.engine.gate import Gate
from tests.processes.engine.jobs import keys
from tests.processes.installation import Installation, until

Engine = subprocess.Popen[bytes]
UNFINISHED = "&".join(f"status={status}" for status in JobStatus if not status.is_final)
ENDING = (JobStatus.COMPLETING, JobStatus.CANCELLING, JobStatus.FAILING)


def unfinished(installation: Installation) -> list[Any]:
    """The jobs that are not over yet."""
    return list(installation.api("GET", f"jobs/?{UNFINISHED}")["results"])


@pytest.fixture(scope="package")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A running web server."""
    services = own_postgres_and_redis() if ON_SERVICES else nullcontext({})
    with services as found, running(tmp_path_factory.mktemp("lading"), found) as made:
        yield made


@pytest.fixture(scope="package")
def store(installation: Installation) -> Iterator[Gate]:
    """A store with 64 objects in `photos`, reached by the role `store` through a gate."""
    gate = Gate(installation.start_store())
    installation.set_role(gate.endpoint)
    client = installation.client(gate.endpoint)
    client.create_bucket(Bucket="photos")
    for key in keys(64):
        client.put_object(Bucket="photos", Key=key)
    yield gate
    gate.close()


@pytest.fixture
def gate(store: Gate) -> Gate:
    """The gate, open."""
    store.reset()
    return store


@pytest.fixture
def engine(installation: Installation, gate: Gate) -> Iterator[Engine]:
    """An engine without work. In the end none runs; it may leave jobs that the next one ends."""
    before = len(installation.processes)
    process = installation.start_engine()
    until(lambda: not unfinished(installation), 60, "the jobs of the test before to end")
    yield process
    gate.poison = ""
    gate.open()
    for job in unfinished(installation):
        if job["status"] not in ENDING:
            installation.api("POST", f"jobs/{job['id']}/cancel/", json={})
    for process in installation.processes[before:]:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(15)
