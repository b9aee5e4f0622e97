"""The processes of a run: started in sessions of their own, found again by pid, and all ended."""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.processes.installation import ROOT

MARK = "LADING_CHAOS_RUN"
"""In the environment of every process of a run; its value is the run's folder."""
PR_SET_PDEATHSIG = 1
CLONE_NEWNS, MNT_DETACH = 0x20000, 2
_libc = ctypes.CDLL(None, use_errno=True)


def until(what: Callable[[], Any], seconds: float, told: str) -> Any:
    """The first true answer of `what`, or a RuntimeError that says what was waited for."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := what():
            return answer
        time.sleep(0.05)
    raise RuntimeError(f"waited {seconds:.0f} s for {told}")


def die_with_runner() -> None:
    """In a child: end with the runner, also where that is killed."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def state_of(pid: int) -> str:
    """The letter of a process's state; empty where there is none, or it only waits for burial."""
    try:
        letter = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (OSError, IndexError):
        return ""
    return "" if letter in "ZX" else letter


class Programs:
    """Starts the processes of a run in `folder`, and ends them. Call it from the main thread, with
    which they end.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.environment: Mapping[str, str] = {**environment, MARK: str(folder)}
        self.started: list[subprocess.Popen[bytes]] = []

    def start(
        self, name: str, *command: str | Path, user: str | None = None, **more: str
    ) -> subprocess.Popen[bytes]:
        """Start a program whose output goes to NAME.log; `more` joins its environment."""
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [str(word) for word in command],
                cwd=self.folder if user else ROOT,
                env={**self.environment, **more},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                user=user,
                group=pwd.getpwnam(user).pw_gid if user else None,
                extra_groups=[] if user else None,
                preexec_fn=die_with_runner,
            )
        self.started.append(process)
        return process

    def end(self, process: subprocess.Popen[bytes], number: int = signal.SIGTERM) -> None:
        """Ask a process to end, wait, and kill its whole session where it does not."""
        if process.poll() is None:
            process.send_signal(number)
            with suppress(subprocess.TimeoutExpired):
                process.wait(20)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(5)

    def end_all(self) -> None:
        """End what is left, the newest first; frozen processes are woken by their death."""
        for process in reversed(self.started):
            self.end(process)
        for pid in self.left():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def left(self) -> list[int]:
        """Processes of the run that still do anything, by the mark in their environment."""
        mark = f"{MARK}={self.folder}".encode()
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and state_of(int(entry.name)):
                with suppress(OSError):
                    if mark in (entry / "environ").read_bytes().split(b"\0"):
                        found.append(int(entry.name))
        return found


def mount_small_disk(folder: Path, mebibytes: int) -> str:
    """Mount a tmpfs at `folder`, seen by this process and its children alone.

    Returns why that is not possible, else an empty text. It is gone with the last process.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid() != 0:
        return "only root may mount"
    if _libc.unshare(CLONE_NEWNS):
        return f"no mounts of one's own: {os.strerror(ctypes.get_errno())}"
    for command in (
        ["mount", "--make-rprivate", "/"],
        ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "chaos", str(folder)],
    ):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            return done.stderr.strip()
    return ""


def unmount(folder: Path) -> None:
    """Take a small disk off again, so that its folder can be removed."""
    _libc.umount2(str(folder).encode(), MNT_DETACH)
