"""Lading's whole path: a job from its creation to Complete, done by real engine processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from bench import installation
from bench.contestants import Contestant, several
from bench.measuring import Measure, children, cpu_of_tree, peak_mib
from bench.server import CannotBench, NullServer
from bench.work import Work

if TYPE_CHECKING:
    from jobs.models import Job

START_SECONDS = 30
STOP_SECONDS = 25
LONGEST_SECONDS = 600
POLL_SECONDS = 0.1


class Engine:
    """`manage.py engine`, as an operator starts it, on the installation of this process."""

    def __init__(self, process: subprocess.Popen[bytes], workers: int, log: Path) -> None:
        self.process = process
        self.workers = workers
        self.log = log
        self.peak_mib = 0.0

    def under_sentinel(self) -> list[int]:
        """Workers, monitor and pusher."""
        return [below for sentinel in children(self.process.pid) for below in children(sentinel)]

    def is_there(self) -> bool:
        """True when its workers run and its node is known."""
        from jobs.models import Node

        return (
            len(self.under_sentinel()) >= self.workers
            and Node.objects.filter(pid=self.process.pid).exists()
        )

    def look(self) -> None:
        """Note the memory of its processes; a worker is the largest of them."""
        self.peak_mib = max([self.peak_mib, *(peak_mib(pid) for pid in self.under_sentinel())])

    def check(self) -> None:
        """Raise CannotBench where it has ended by itself."""
        if self.process.poll() is not None:
            raise CannotBench(f"The engine ended:\n{self.log.read_text()[-2000:]}")


@contextmanager
def engine(folder: Path, workers: int) -> Iterator[Engine]:
    """An engine that is ready, and ended at the end."""
    log = folder / "engine.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "engine"],
            cwd=installation.ROOT,
            env={**os.environ, "LADING_WORKERS": str(workers)},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        started = Engine(process, workers, log)
        deadline = time.monotonic() + START_SECONDS
        while not started.is_there():
            started.check()
            if time.monotonic() > deadline:
                raise CannotBench(f"The engine does not start:\n{log.read_text()[-2000:]}")
            time.sleep(0.05)
        yield started
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def finished(work: Work, running: Engine) -> tuple[Job, float]:
    """A job that was created and has completed without a fault, and the engine's CPU seconds."""
    manifest = installation.upload(work)
    cpu = cpu_of_tree(running.process.pid)
    job = installation.create_job(work, manifest)
    deadline = time.monotonic() + LONGEST_SECONDS
    while not job.is_final:
        time.sleep(POLL_SECONDS)
        running.check()
        running.look()
        if time.monotonic() > deadline:
            raise CannotBench(f"The job did not end in {LONGEST_SECONDS} s: {job.state.value}")
        job.refresh_from_db()
    running.look()
    cpu = cpu_of_tree(running.process.pid) - cpu
    if found := installation.faults(job, work.count):
        raise CannotBench("\n".join(found))
    return job, cpu


def seconds(job: Job) -> tuple[float, float]:
    """From creation to Complete, and from Active to Complete, by the clock of the database."""
    moves: dict[str, datetime] = {event.to_status: event.at for event in job.events.order_by("-pk")}
    complete = moves["Complete"]
    return (
        (complete - job.created_at).total_seconds(),
        (complete - moves["Active"]).total_seconds(),
    )


@dataclass(frozen=True)
class Lading(Contestant):
    """A job over an uploaded manifest, with a report of all tasks, by an engine started for it."""

    workers: int
    label: ClassVar[str] = "**Lading, whole path**"

    @property
    def name(self) -> str:
        return f"lading-{self.workers}-{self.kind}"

    @property
    def title(self) -> str:
        return f"{self.label}, {several(self.workers, 'worker', 'workers')}"

    def run(self, work: Work, server: NullServer, folder: Path) -> Measure:
        with engine(folder, self.workers) as running:
            job, cpu = finished(work, running)
        whole, active = seconds(job)
        more: dict[str, Any] = {
            "active_seconds": round(active, 3),
            "active_per_second": float(f"{work.count / active:.5g}"),
            "worker_peak_mib": round(running.peak_mib, 1),
        }
        return Measure(work.count, whole, cpu, more)
