"""kill -9 of any process of the engine, in mid-job: nothing is lost, no total is wrong."""

from __future__ import annotations

import csv
import io
import signal
import subprocess
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.processes.installation import Installation, children, until

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = pytest.mark.processes

OBJECTS = 1200
MISSING = 20
WANTED = [{"Key": "survived", "Value": "yes"}]


@pytest.fixture
def store(installation: Installation) -> S3Client:
    """A store with the objects and a manifest that also names some that do not exist."""
    client = installation.connect_store()
    for bucket in ("photos", "reports"):
        client.create_bucket(Bucket=bucket)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: client.put_object(Bucket="photos", Key=key), keys()))
    rows = "".join(f"photos,{key}\n" for key in [*keys(), *absent()])
    client.put_object(Bucket="photos", Key="manifest.csv", Body=rows.encode())
    return client


def keys() -> list[str]:
    return [f"{number:05}.jpg" for number in range(OBJECTS)]


def absent() -> list[str]:
    return [f"gone-{number:03}.jpg" for number in range(MISSING)]


class Victims:
    """The engine, and its processes by the part they play."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.engine: subprocess.Popen[bytes] = installation.start_engine()
        self.starts = 1

    def restart(self) -> None:
        """What a supervisor does when the engine has ended."""
        until(lambda: self.engine.poll() is not None, 30, "the engine to end")
        self.engine = self.installation.start_engine()
        self.starts += 1

    def kill_worker(self) -> None:
        """The first process that the sentinel started, or one that took its place."""
        self.kill_nth(0)

    def kill_monitor(self) -> None:
        """Right after a start: the last but one."""
        self.kill_nth(-2)

    def kill_pusher(self) -> None:
        """Right after a start: the last."""
        self.kill_nth(-1)

    def kill_nth(self, place: int) -> None:
        self.installation.kill(self.installation.workers(self.engine)[place])
        until(
            lambda: len(self.installation.workers(self.engine)) == 4, 10, "a process in its place"
        )

    def kill_sentinel(self) -> None:
        self.installation.kill(children(self.engine.pid)[0])
        self.restart()

    def kill_engine(self) -> None:
        family = [*self.installation.workers(self.engine), *children(self.engine.pid)]
        self.engine.kill()
        self.restart()
        until(lambda: not any(map(runs, family)), 5, "every process of the dead engine to end")

    def stop_engine(self) -> None:
        self.engine.send_signal(signal.SIGTERM)
        until(lambda: self.engine.poll() is not None, 20, "the engine to stop")
        assert self.engine.returncode == 0
        self.restart()


def runs(pid: int) -> bool:
    """Whether a process still does anything: one that waits to be buried does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_a_job_survives_the_death_of_every_process(
    installation: Installation, store: S3Client
) -> None:
    victims = Victims(installation)
    job = create(installation)
    blows = [
        victims.kill_pusher,
        victims.kill_worker,
        victims.kill_worker,
        victims.kill_sentinel,
        victims.kill_monitor,
        victims.kill_engine,
        victims.stop_engine,
    ]
    for number, blow in enumerate(blows, 1):
        reach(installation, job, (OBJECTS * number) // (len(blows) + 1))
        blow()
    done = until(lambda: ended(installation, job), 120, "the job to end")

    assert done["status"] == "Complete"
    assert victims.starts == 4
    progress = done["progress"]
    assert progress["total"] == OBJECTS + MISSING
    assert (progress["succeeded"], progress["failed"]) == (OBJECTS, MISSING)
    assert Counter(report_rows(installation, job)) == Counter(
        [("photos", key, "succeeded", "200") for key in keys()]
        + [("photos", key, "failed", "404") for key in absent()]
    )
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda key: tags(store, key) == WANTED, keys()))


def test_an_engine_that_was_idle_when_its_workers_were_killed_still_works(
    installation: Installation, store: S3Client
) -> None:
    victims = Victims(installation)
    for _ in range(4):
        for pid in installation.workers(victims.engine)[:3]:
            installation.kill(pid)
        until(lambda: len(installation.workers(victims.engine)) == 4, 10, "new processes")

    job = create(installation)
    done = until(lambda: ended(installation, job), 90, "the job to end")

    assert done["progress"]["succeeded"] == OBJECTS
    assert victims.engine.poll() is None


def create(installation: Installation) -> str:
    made = installation.api(
        "POST",
        "jobs/",
        json={
            "operation": "S3PutObjectTagging",
            "parameters": {"TagSet": WANTED},
            "manifest": {"location": "s3://photos/manifest.csv"},
            "role": "store",
            "confirmation_required": False,
            "report": {"enabled": True, "bucket": "reports", "scope": "AllTasks"},
        },
    )
    return str(made["id"])


def reach(installation: Installation, job: str, executed: int) -> None:
    def reached() -> bool:
        progress = installation.api("GET", f"jobs/{job}/")["progress"]
        return bool(progress["succeeded"] + progress["failed"] >= executed)

    until(reached, 90, f"{executed} executed tasks")


def ended(installation: Installation, job: str) -> Any:
    told = installation.api("GET", f"jobs/{job}/")
    return told if told["terminated_at"] else None


def report_rows(installation: Installation, job: str) -> list[tuple[str, str, str, str]]:
    """The rows of the report as downloaded: bucket, key, status, HTTP status."""
    report = installation.api("GET", f"jobs/{job}/report/")
    rows = []
    for file in report["files"]:
        if file["kind"] in ("succeeded", "failed"):
            answer = requests.get(
                requests.compat.urljoin(installation.url("/"), file["url"]),
                headers={"Authorization": f"Token {installation.token}"},
                timeout=30,
            )
            assert answer.ok, answer.text
            for bucket, key, _, status, http_status, *_ in csv.reader(io.StringIO(answer.text)):
                rows.append((bucket, key, status, http_status))
    return rows


def tags(store: S3Client, key: str) -> list[Any]:
    return list(store.get_object_tagging(Bucket="photos", Key=key)["TagSet"])
