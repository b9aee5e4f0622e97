"""What is shared: a slow store by 1, 2 and 4 workers, and SQLite by workers and browsers."""

from __future__ import annotations

import os
import secrets
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from bench import installation, whole_path
from bench.crowd import LOGIN, READ, WRITE, Crowd, percentile
from bench.figures import NO_DELAY, Found
from bench.measuring import Measure
from bench.plan import Plan, say
from bench.server import CannotBench, NullServer, free_port
from bench.work import Work

if TYPE_CHECKING:
    from jobs.models import Job

CONNECTIONS = 32
"""Requests in flight of a worker at most: few enough that the store's 20 ms bound it, and not the
cores, which are shared by all.
"""
WORKERS = 4
MANY = 2_000_000
START_SECONDS = 30
TITLES = {
    WRITE: "priority and speed of the running job changed through the API, one after the other",
    LOGIN: "a login a second",
    READ: "20 browsers that poll the job's fragment and the list of jobs every 2 s",
}


@dataclass(frozen=True)
class Bounded(whole_path.Lading):
    """The whole path with CONNECTIONS for each worker."""

    label: ClassVar[str] = f"Lading with {CONNECTIONS} connections a worker"

    @property
    def name(self) -> str:
        return f"workers-{self.workers}-{self.kind}"

    def run(self, work: Work, server: NullServer, folder: Path) -> Measure:
        before = os.environ.get("LADING_CONNECTIONS")
        os.environ["LADING_CONNECTIONS"] = str(CONNECTIONS)
        try:
            return super().run(work, server, folder)
        finally:
            del os.environ["LADING_CONNECTIONS"]
            if before is not None:
                os.environ["LADING_CONNECTIONS"] = before


def sqlite(plan: Plan, folder: Path) -> tuple[Found, dict[str, str]]:
    """Web writes and pages while 4 workers are at a job, on the one SQLite file of all."""
    rounds = 1 if plan.quick else plan.rounds
    found: dict[str, list[Any]] = {kind: [] for kind in TITLES}
    for number in range(rounds):
        for kind, raw in once(plan, folder).items():
            found[kind].append(raw)
            say(f"round {number + 1}: {kind:9} {raw}")
    return {NO_DELAY: found}, TITLES


def once(plan: Plan, folder: Path) -> dict[str, dict[str, Any]]:
    """A crowd for a while in front of a job that outlasts it."""
    with (
        NullServer() as server,
        web(folder) as url,
        whole_path.engine(folder, WORKERS) as running,
    ):
        installation.set_role(server.endpoint_url)
        crowd = Crowd(url, *somebody()).arrive()
        work = Work("tagging", 100_000 if plan.quick else MANY)
        job = installation.create_job(work, installation.upload(work))
        _until_active(job, running)
        begun, seconds = time.perf_counter(), 3.0 if plan.quick else 3 * plan.seconds
        with crowd.watch(str(job.pk)):
            while time.perf_counter() - begun < seconds:
                time.sleep(0.2)
                running.check()
        took = time.perf_counter() - begun
        _cancel(job)
    if faults := crowd.faults():
        raise CannotBench(f"{len(faults)} requests failed, such as {faults[0]}")
    _refuse_locks(folder)
    return {kind: _raw(crowd.seconds(kind), took) for kind in TITLES}


def _raw(seconds: list[float], took: float) -> dict[str, Any]:
    told = {
        "p50_ms": percentile(seconds, 50),
        "p99_ms": percentile(seconds, 99),
        "max_ms": max(seconds),
    }
    return {
        "count": len(seconds),
        "seconds": round(took, 1),
        **{name: round(value * 1000, 1) for name, value in told.items()},
    }


def _until_active(job: Job, running: whole_path.Engine) -> None:
    deadline = time.monotonic() + whole_path.LONGEST_SECONDS
    while job.executed == 0:
        running.check()
        if job.is_final or time.monotonic() > deadline:
            raise CannotBench(f"The job does not start: {job.state.value} {job.failure_reasons}")
        time.sleep(0.1)
        job.refresh_from_db()


def _cancel(job: Job) -> None:
    from jobs import services
    from jobs.errors import InvalidTransition

    with suppress(InvalidTransition):  # a quick one is done by now
        services.cancel_job(job, installation.somebody())
    while not job.is_final:
        time.sleep(0.2)
        job.refresh_from_db()


def _refuse_locks(folder: Path) -> None:
    for log in folder.glob("*.log"):
        if "locked" in log.read_text(errors="replace"):
            raise CannotBench(f"{log.name} tells of a locked database.")


def somebody() -> tuple[str, str, str]:
    """Name, password and token of the user who owns all jobs."""
    from jobs.credentials import ApiToken

    user, password = installation.somebody(), secrets.token_urlsafe(12)
    user.set_password(password)
    user.save()
    return user.username, password, ApiToken.issue(user)[1]


@contextmanager
def web(folder: Path) -> Iterator[str]:
    """gunicorn as `manage.py run` starts it; where it answers."""
    from jobs.supervisor import web_server

    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with (folder / "web.log").open("wb") as log:
        process = subprocess.Popen(
            web_server(f"127.0.0.1:{port}"),
            cwd=installation.ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        _until_it_answers(url)
        yield url
    finally:
        process.terminate()
        process.wait(60)


def _until_it_answers(url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            urllib.request.urlopen(f"{url}/healthz", timeout=5).close()
            return
        except (urllib.error.URLError, OSError):
            if time.monotonic() > deadline:
                raise CannotBench("The web server does not start.") from None
            time.sleep(0.1)
