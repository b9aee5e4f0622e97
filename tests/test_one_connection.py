"""Threads that share a connection wait for their turn, and never for each other for ever."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings

from tests.one_connection import InTurn

SECONDS = 3.0


def work_on_one_connection() -> None:
    """Threads bind, step through functions of Python's, and fetch, as often as they can."""
    shared = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
    shared.create_function("same", 1, lambda given: given)
    shared.execute("CREATE TABLE t (a)")
    shared.executemany("INSERT INTO t VALUES (?)", [(number,) for number in range(50)])
    sys.setswitchinterval(1e-5)
    end = time.monotonic() + SECONDS

    def work() -> None:
        while time.monotonic() < end:
            cursor = shared.cursor(factory=InTurn)
            assert len(cursor.execute("SELECT same(a) FROM t WHERE a > %s", (3,)).fetchall()) == 46

    with ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(work) for _ in range(3)]:
            done.result()


def test_threads_on_one_connection_come_to_an_end() -> None:
    """In a process of its own: what hangs there holds the interpreter's lock."""
    script = (
        "import django; django.setup(); "
        "from tests.test_one_connection import work_on_one_connection; work_on_one_connection()"
    )

    subprocess.run([sys.executable, "-c", script], cwd=settings.BASE_DIR, check=True, timeout=60)
