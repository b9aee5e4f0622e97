"""The short form of the chaos suite, on what the suite runs on, with servers of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.processes.conftest import ON_SERVICES, missing
from tests.processes.installation import ROOT

pytestmark = pytest.mark.processes

SECONDS, SEED = 15, 7
CANNOT_RUN = 2


def test_every_promise_holds_while_things_break() -> None:
    words = ["--seconds", str(SECONDS), "--seed", str(SEED), *["--services"] * ON_SERVICES]

    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos", *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )

    if done.returncode == CANNOT_RUN:
        missing("the chaos suite", Exception(done.stdout))
    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[0] == f"seed {SEED}"
    assert done.stdout.splitlines()[-1].startswith(f"chaos: OK seed={SEED} ")
