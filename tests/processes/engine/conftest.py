"""One installation and one store for all tests of the engine; each has an engine of its own."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import nullcontext

import pytest

from tests.processes.conftest import ON_SERVICES, own_postgres_and_redis, running
from tests.processes.engine.gate import Gate
from tests.processes.engine.jobs import keys
from tests.processes.installation import Installation

Engine = subprocess.Popen[bytes]
UNFINISHED = "status=New&status=Preparing&status=Ready&status=Active"


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
    """An engine. In the end no engine runs, and no job is left for that of the next test."""
    before = len(installation.processes)
    yield installation.start_engine()
    gate.poison = ""
    gate.open()
    for job in installation.api("GET", f"jobs/?{UNFINISHED}")["results"]:
        installation.api("POST", f"jobs/{job['id']}/cancel/", json={})
    for process in installation.processes[before:]:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(15)
