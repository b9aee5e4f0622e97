"""Keeps child processes: starts them, restarts those that may be, and ends them all with itself.

Each child leads a process group of its own, so that Ctrl-C reaches only the parent, which then ends
them in order. A child gets SIGTERM from the kernel when the parent is gone without a word.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import IO, Self

from django.conf import settings

STOP_SECONDS = 40
"""How long children may take to end on SIGTERM before they are killed."""
LONGEST_PAUSE = 30.0
"""The most seconds between two restarts."""
SETTLED_SECONDS = 60
"""A child that lived so long begins with the shortest pause again."""
PR_SET_PDEATHSIG = 1

_prctl = getattr(ctypes.CDLL(None), "prctl", None)


def web_server(bind: str) -> list[str]:
    """gunicorn with 2 processes of 4 threads."""
    return [
        *(
            sys.executable,
            "-m",
            "gunicorn",
            "config.wsgi",
            "--bind",
            bind,
            "--worker-class",
            "gthread",
        ),
        *("--workers", "2", "--threads", "4", "--graceful-timeout", "30", "--no-control-socket"),
        # Longer than pages wait between two looks, so that a browser keeps its connection. A key
        # that is looked up takes up to five characters of the address for each of its 1,024 bytes.
        *("--keep-alive", "5", "--limit-request-line", "8190", "--log-level", "warning"),
    ]


def engine() -> list[str]:
    """The workers."""
    return [sys.executable, "manage.py", "engine"]


class ChildDied(Exception):
    """A child that the rest cannot do without has ended by itself."""


class Child:
    """One process, and when it may start again."""

    def __init__(self, name: str, command: Sequence[str], *, restart: bool) -> None:
        self.name = name
        self.command = command
        self.restart = restart
        self.process: subprocess.Popen[bytes] | None = None
        self.pause = 1.0
        self.started = 0.0
        self.due = 0.0

    def start(self, log: IO[bytes] | None) -> None:
        """Start it in a group of its own; from the main thread, since that is what it ends with."""
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            self.command,
            cwd=settings.BASE_DIR,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            process_group=0,
            preexec_fn=_end_with_parent,
        )

    def has_ended(self) -> bool:
        """True where it ran and runs no more; then nothing of its group is left either."""
        if self.process is None or self.process.poll() is None:
            return False
        self.kill()
        return True

    def rest(self) -> float:
        """Plan the next start; returns the seconds until then: 1, 2, 4 … 30 while it dies young."""
        now = time.monotonic()
        if now - self.started > SETTLED_SECONDS:
            self.pause = 1.0
        pause, self.pause = self.pause, min(self.pause * 2, LONGEST_PAUSE)
        self.process, self.due = None, now + pause
        return pause

    def terminate(self) -> None:
        """Ask it to end."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def kill(self) -> None:
        """End what is left of its group."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)


class Supervisor:
    """Children that live and end together. As a context manager it stops them at the end."""

    def __init__(self, *, say: Callable[[str], object], log: IO[bytes] | None = None) -> None:
        self.say = say
        self.log = log
        self.children: list[Child] = []

    def start(self, name: str, command: Sequence[str], *, restart: bool = False) -> None:
        """Start a child; with `restart` it is started again whenever it dies."""
        child = Child(name, command, restart=restart)
        self.children.append(child)
        child.start(self.log)

    def check(self) -> None:
        """Look after the children once: restart what died, or raise ChildDied."""
        for child in self.children:
            if child.process is None:
                if time.monotonic() >= child.due:
                    child.start(self.log)
            elif child.has_ended():
                how = _how(child.process.returncode)
                if not child.restart:
                    raise ChildDied(f"The {child.name} {how}.")
                self.say(f"The {child.name} {how}; it starts again in {child.rest():.0f} s.")

    def stop(self) -> None:
        """Ask all children to end, wait, and kill what is left; a second Ctrl-C kills at once."""
        deadline = time.monotonic() + STOP_SECONDS
        try:
            for child in self.children:
                child.terminate()
            while time.monotonic() < deadline and self._any_running():
                time.sleep(0.05)
        finally:
            for child in self.children:
                child.kill()
            for child in self.children:
                if child.process is not None:
                    child.process.wait()

    def _any_running(self) -> bool:
        return any(
            child.process is not None and child.process.poll() is None for child in self.children
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _end_with_parent() -> None:
    if _prctl is not None:
        _prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _how(returncode: int) -> str:
    if returncode < 0:
        return f"was ended by {signal.Signals(-returncode).name}"
    return f"ended with exit code {returncode}"
