"""Engines on several machines do one job together, and come and go meanwhile.

Each has a folder of its own; they share PostgreSQL, Redis and a spool in a bucket, nothing else.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, LiteralString

import psycopg
import pytest

from tests.processes.conftest import ON_SERVICES
from tests.processes.installation import Installation, until
from tests.processes.test_kills import WANTED, create, ended, report_rows, runs, tags

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = pytest.mark.processes

OBJECTS, MISSING = 980, 20
"""They make three slices: one for each of the first three machines."""
SPEED = 20
"""Requests per second, so that the job lasts while machines come and go."""
SPOOL_KEYS = {"AWS_ACCESS_KEY_ID": "spool", "AWS_SECRET_ACCESS_KEY": "spool-secret"}
KEYS = [f"{number:05}.jpg" for number in range(OBJECTS)]
ABSENT = [f"gone-{number:03}.jpg" for number in range(MISSING)]


class Machines(Installation):
    """A web server and as many engines as are started, whose spool is a bucket."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        super().__init__(folder, {**environment, **SPOOL_KEYS})
        self.store = self.connect_store()
        self.store.create_bucket(Bucket="spool")
        self.environment["LADING_SPOOL"] = (
            f"s3://spool/lading?endpoint_url={self.store.meta.endpoint_url}&region_name=us-east-1"
        )

    def at_work(self, job: str) -> set[str]:
        """The nodes whose lanes hold a slice of the job now."""
        found = self.rows(
            "SELECT owner FROM jobs_slice WHERE job_id = %s AND owner <> '' "
            "AND lease_until >= now()",
            job,
        )
        return {owner.partition(":")[0] for (owner,) in found}

    def rows(self, query: LiteralString, *values: object) -> list[tuple[Any, ...]]:
        """What the database answers."""
        with psycopg.connect(self.environment["DATABASE_URL"]) as database:
            return database.execute(query, values).fetchall()


class Machine:
    """One engine with one worker, in a folder of its own."""

    def __init__(self, installation: Machines, name: str) -> None:
        self.installation = installation
        self.folder = installation.folder / name
        self.engine: subprocess.Popen[bytes] = installation.start(
            "/usr/bin/env",
            f"LADING_DATA={self.folder}",
            "LADING_WORKERS=1",
            sys.executable,
            "manage.py",
            "engine",
            name=name,
        )

    @property
    def node(self) -> str:
        """What it calls itself; empty until it is there."""
        found = self.installation.rows("SELECT name FROM jobs_node WHERE pid = %s", self.engine.pid)
        return str(found[0][0]) if found else ""

    def die(self) -> list[int]:
        """The machine is gone without a word; returns its processes."""
        family = processes_of(self.engine.pid)
        os.killpg(self.engine.pid, signal.SIGKILL)
        self.engine.wait(5)
        return family


def processes_of(session: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[3]) == session:
            found.append(int(stat.parent.name))
    return found


@pytest.fixture
def machines(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Machines]:
    """A running web server, and no engine yet."""
    if not ON_SERVICES:
        pytest.skip("SQLite is for one machine; several need PostgreSQL (make test-services)")
    made = Machines(tmp_path, request.getfixturevalue("postgres_and_redis"))
    try:
        made.start_web()
        yield made
    except BaseException:
        print(made.logs())
        raise
    finally:
        made.close()


@pytest.fixture
def store(machines: Machines) -> S3Client:
    """A store with the objects and a manifest that also names some that do not exist."""
    client = machines.store
    for bucket in ("photos", "reports"):
        client.create_bucket(Bucket=bucket)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: client.put_object(Bucket="photos", Key=key), KEYS))
    rows = "".join(f"photos,{key}\n" for key in [*KEYS, *ABSENT])
    client.put_object(Bucket="photos", Key="manifest.csv", Body=rows.encode())
    return client


def test_machines_that_come_and_go_do_one_job_and_lose_nothing(
    machines: Machines, store: S3Client
) -> None:
    first, second, third = (Machine(machines, f"machine-{number}") for number in (1, 2, 3))
    until(lambda: all(each.node for each in (first, second, third)), 40, "three engines")
    job = create(machines)
    machines.api("POST", f"jobs/{job}/speed/", json={"requests_per_second": SPEED})

    everybody = {first.node, second.node, third.node}
    until(lambda: machines.at_work(job) == everybody, 40, "a slice at each of the three")
    family = first.die()
    second.engine.send_signal(signal.SIGTERM)
    assert second.engine.wait(15) == 0, "it ends in order"
    assert not any(map(runs, family)), "nothing of the lost machine goes on"
    fourth = Machine(machines, "machine-4")
    until(lambda: fourth.node and fourth.node in machines.at_work(job), 40, "the new one at work")
    machines.api("POST", f"jobs/{job}/speed/", json={"requests_per_second": None})
    done = until(lambda: ended(machines, job), 60, "the job to end")

    assert done["status"] == "Complete"
    progress = done["progress"]
    assert progress["total"] == OBJECTS + MISSING
    assert (progress["succeeded"], progress["failed"]) == (OBJECTS, MISSING)
    assert Counter(report_rows(machines, job)) == Counter(
        [("photos", key, "succeeded", "200") for key in KEYS]
        + [("photos", key, "failed", "404") for key in ABSENT]
    )
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda key: tags(store, key) == WANTED, KEYS))
    assert not any(each.folder.exists() for each in (first, second, third, fourth)), (
        "a machine keeps nothing of its own"
    )
