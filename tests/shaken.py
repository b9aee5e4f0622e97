"""Makes tests that hope for good timing fail: make test ARGS="-p tests.shaken".

Threads begin late, or run ahead while their starter is late, and a test pauses between its lines,
as all of that happens on a busy machine. What fails only then waits for time to pass instead of
waiting for what it is about. The processes that a test starts are left alone.
"""

from __future__ import annotations

import os
import random
import sys
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Any

EARLY_OR_LATE = 0.3
"""How often a thread is."""
THREAD_SECONDS = 0.05
PAUSES = 0.25
"""How often a test pauses between two lines."""
PAUSE_SECONDS = 0.1
MOST_PAUSES = 40
"""Of a test: some have loops."""
TESTS = str(Path(__file__).parent)
SWITCH_SECONDS = (0.0005, 0.005, 0.03)

chance = random.Random(os.getpid())
really_start = threading.Thread.start
really_begin: Any = threading.Thread._bootstrap_inner  # type: ignore[attr-defined]


def start(thread: threading.Thread) -> None:
    """The thread may be far ahead by the time its starter goes on."""
    really_start(thread)
    is_main = threading.current_thread() is threading.main_thread()
    if is_main and chance.random() < EARLY_OR_LATE:
        time.sleep(chance.random() * THREAD_SECONDS)


def begin(thread: threading.Thread) -> None:
    """Its starter may be far ahead by the time it begins."""
    if chance.random() < EARLY_OR_LATE:
        time.sleep(chance.random() * THREAD_SECONDS)
    really_begin(thread)


def watch(frame: FrameType, *_: object) -> Any:
    """Calls of tests."""
    code = frame.f_code
    is_test = code.co_name.startswith("test_") and code.co_filename.startswith(TESTS)
    return Pauses() if is_test else None


class Pauses:
    """Pauses between the lines of a test; what it has begun goes on meanwhile."""

    def __init__(self) -> None:
        self.left = MOST_PAUSES

    def __call__(self, _: FrameType, event: str, __: object) -> Pauses:
        if event == "line" and self.left and chance.random() < PAUSES:
            self.left -= 1
            time.sleep(chance.random() * PAUSE_SECONDS)
        return self


def pytest_configure() -> None:
    """Shake this process."""
    sys.setswitchinterval(chance.choice(SWITCH_SECONDS))
    threading.Thread.start = start  # type: ignore[method-assign]
    threading.Thread._bootstrap_inner = begin  # type: ignore[attr-defined]


def pytest_runtest_call() -> None:
    """This thread alone is traced."""
    sys.settrace(watch)


def pytest_runtest_teardown() -> None:
    """Let it rest."""
    sys.settrace(None)
