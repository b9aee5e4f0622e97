"""Upgrading while a job is half done: stop, migrate, start; nothing is lost."""

from __future__ import annotations

import signal
import sys

import pytest

from tests.processes.half_done import HalfDone
from tests.processes.installation import Installation, until

pytestmark = pytest.mark.processes

BEFORE = "0009"
"""The newest migration of jobs that a release before this one had."""


def test_a_job_goes_on_where_it_was_when_the_database_is_migrated_under_it(
    installation: Installation,
) -> None:
    """The schema of the release before, with its rows half done, becomes that of this one."""
    engine = installation.start_engine()
    job = HalfDone(installation)
    before = job.reach_half()
    web = installation.processes[0]
    for process in (engine, web):
        process.send_signal(signal.SIGTERM)
        until(lambda process=process: process.poll() is not None, 30, "it to stop in order")
    assert engine.returncode == 0

    installation.manage("migrate", "jobs", BEFORE, "--verbosity", "0")
    check = installation.start(sys.executable, "manage.py", "migrate", "--check", name="check")
    assert check.wait(60) == 1, "what the unit files ask before they start anything"
    installation.manage("migrate", "--no-input", "--verbosity", "0")

    installation.start_web()
    stopped = job.executed()
    assert before <= stopped
    installation.start_engine()
    job.check_that_it_completes()
