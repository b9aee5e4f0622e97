"""Random people, tickers and lanes never reach an illegal state, nor lose a task.

Hypothesis draws some steps and asks for every promise of promises.py after each; then everything is
let go, and every job has to come to its end. The suite runs the same few examples each time, with
the rules of machine.py and machine_lanes.py. To look for longer, elsewhere each time:

    MACHINE_EXAMPLES=1000 make test TESTS=tests/core/test_state_machine.py ARGS="-n 0 -s"

`--hypothesis-seed=7` among ARGS makes such a search repeatable. What it finds is printed as a
short list of steps.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
from django.contrib.auth.models import User
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from jobs import slicing, stores, threshold
from jobs.preparing import CHECKPOINT_SLICES
from tests.conftest import OTHER_ACCOUNT, MakeRole, MakeUser
from tests.core.machine_lanes import World
from tests.core.probed import ProbedStore
from tests.core.scripted import Script

EXAMPLES = int(os.environ.get("MACHINE_EXAMPLES", "0"))
SEARCH = settings(
    max_examples=EXAMPLES or 6,
    stateful_step_count=int(os.environ.get("MACHINE_STEPS", "40")),
    derandomize=not EXAMPLES,
    database=None,
    deadline=None,
    print_blob=False,
    phases=[Phase.generate, *([] if os.environ.get("MACHINE_RAW") else [Phase.shrink])],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few rows make several slices, and are enough for a decision on the failure threshold."""
    assert CHECKPOINT_SLICES > 1
    monkeypatch.setattr("jobs.preparing.CHECKPOINT_SLICES", 1)
    monkeypatch.setattr(slicing, "FIRST_SLICE", 3)
    monkeypatch.setattr(slicing, "LARGEST_SLICE", 5)
    monkeypatch.setattr(threshold, "FIRST_DECISION", 8)


@pytest.mark.usefixtures("small", "beats_often")
def test_nobody_can_bring_a_job_into_an_illegal_state_or_make_it_lose_a_task(
    user: User,
    other_user: User,
    make_role: MakeRole,
    make_user: MakeUser,
    script: Script,
    store: ProbedStore,
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
) -> None:
    make_role()
    make_role(account_id=OTHER_ACCOUNT)
    monkeypatch.setattr("jobs.submission.check_report", lambda _job: None)
    monkeypatch.setattr(stores, "store_for", lambda _role, **_: None)

    class Installation(World):
        """The world with this test's fixtures."""

    Installation.people = [user, make_user("operator", name="alan"), other_user]
    Installation.script = script
    Installation.monkeypatch = monkeypatch
    Installation.settings = settings

    run_state_machine_as_test(Installation, settings=SEARCH)
