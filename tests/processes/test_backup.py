"""A backup that is taken while a job runs, and what it is worth when all else is lost."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import psycopg
import pytest

from tests.processes.conftest import POSTGRES
from tests.processes.half_done import HalfDone
from tests.processes.installation import Installation, until

pytestmark = pytest.mark.processes


def test_a_job_goes_on_from_a_backup_when_database_and_spool_are_lost(
    installation: Installation, tmp_path: Path
) -> None:
    engine = installation.start_engine()
    job = HalfDone(installation)
    before = job.reach_half()

    told = installation.manage("backup", str(tmp_path / "backup"))

    after = job.executed()
    assert "LADING_SECRET_KEY is not in it" in told
    until(lambda: job.executed() > after, 30, "the job to go on after the backup")
    done_in_all = job.executed()
    for process in (engine, installation.processes[0]):
        # With its children: a web worker that outlives its master answers for a moment.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)
    destroy(installation)

    told = installation.manage("restore", str(tmp_path / "backup"))

    assert "1 unfinished jobs are paused" in told
    installation.start_web()
    restored = job.executed()
    assert before <= restored <= after <= done_in_all
    installation.start_engine()
    until(lambda: job.told()["status"] == "Paused", 30, "the job to be paused")
    assert job.told()["hold"]["by"] == "restore"
    assert job.executed() == restored
    job.call("resume")
    job.check_that_it_completes()


def destroy(installation: Installation) -> None:
    """Remove database and spool; the installation gets an empty database and a fresh folder."""
    for name in ("lading.sqlite3", "lading.sqlite3-wal", "lading.sqlite3-shm"):
        (installation.folder / name).unlink(missing_ok=True)
    shutil.rmtree(installation.folder / "spool")
    installation.environment["LADING_DATA"] = str(installation.folder / "fresh")
    if address := installation.environment.get("DATABASE_URL"):
        name = address.rpartition("/")[2]
        with psycopg.connect(POSTGRES, autocommit=True) as server:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")
            server.execute(f"CREATE DATABASE {name}")
