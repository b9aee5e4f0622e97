"""Engines as a unit file keeps them: started again whenever they end, the rest of them killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.programs import Programs, state_of
from tests.processes.installation import children

WORKERS = 2
RESTART_SECONDS = 0.3
ORPHAN_SECONDS = 3.0
EXPLAINED_SECONDS = 30.0
"""A watchdog's exit is explained by a blow that fell on its engine so recently."""
STOP_SECONDS = 25
WEDGED = 3
ROLES = ("worker", "worker", "monitor", "pusher")


@dataclass
class Hit:
    """A blow that fell on an engine, or on all of them."""

    kind: str
    at: float = field(default_factory=time.monotonic)


class Engine:
    """One engine and its supervisor. `tend` has to be called often."""

    def __init__(
        self,
        number: int,
        programs: Programs,
        say: Callable[[str], None],
        environment: dict[str, str],
    ) -> None:
        self.programs, self.say, self.environment = programs, say, environment
        self.name = f"engine{number}"
        self.hits: list[Hit] = []
        self.wrong: list[str] = []
        self.starts = self.watchdog_exits = 0
        self.start()

    # ---- its processes

    def start(self) -> None:
        """Start it."""
        self.process: subprocess.Popen[bytes] = self.programs.start(
            self.name, sys.executable, "manage.py", "engine", **self.environment
        )
        self.starts += 1
        self.started_at = time.monotonic()
        self.ended_at = 0.0
        self.roles: dict[int, str] = {}

    @property
    def sentinel(self) -> int:
        """The sentinel's pid; 0 where there is none."""
        found = children(self.process.pid) if self.process.poll() is None else []
        return found[0] if found else 0

    def look(self) -> None:
        """Learn which process plays which part: a new one takes that of one that is gone."""
        found = children(self.sentinel) if self.sentinel else []
        if not self.roles and len(found) == len(ROLES):
            self.roles = dict(zip(found, ROLES, strict=True))
        elif self.roles:
            kept = {pid: role for pid, role in self.roles.items() if pid in found}
            vacant = list((Counter(ROLES) - Counter(kept.values())).elements())
            new = [pid for pid in found if pid not in kept]
            self.roles = kept | dict(zip(new, vacant, strict=False))

    def pids(self, role: str) -> list[int]:
        """The living processes that play a part."""
        self.look()
        return [pid for pid, played in self.roles.items() if played == role and state_of(pid)]

    @property
    def is_whole(self) -> bool:
        """True where all its processes are there."""
        self.look()
        return self.process.poll() is None and len(self.roles) == len(ROLES)

    # ---- its supervisor

    def hit(self, kind: str) -> None:
        """Remember a blow."""
        self.hits.append(Hit(kind))

    def tend(self) -> None:
        """Look after it once: judge how it ended, and start it again."""
        self.look()
        if self.process.poll() is None:
            return
        now = time.monotonic()
        if not self.ended_at:
            self.ended_at = now
            self.judge(self.process.returncode)
        orphans = self.orphans()
        if orphans and now - self.ended_at > ORPHAN_SECONDS:
            self.wrong.append(f"{self.name} left {len(orphans)} processes behind when it ended")
            self.kill_rest()
        elif not orphans and now - self.ended_at > RESTART_SECONDS:
            self.start()

    def orphans(self) -> list[int]:
        """What runs of its session though it has ended."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            with suppress(OSError, IndexError):
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
                if int(fields[3]) == self.process.pid and fields[0] not in "ZX":
                    found.append(int(entry.name))
        return found

    def kill_rest(self) -> None:
        """What a unit file does with the rest of a service."""
        for pid in self.orphans():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def judge(self, code: int) -> None:
        """Whether it ended as its blows say it should; what does not is kept in `wrong`."""
        mine = {hit.kind for hit in self.hits if hit.at >= self.started_at}
        recent = [hit for hit in self.hits if hit.at > self.ended_at - EXPLAINED_SECONDS]
        self.watchdog_exits += code == WEDGED
        explained = {
            0: "stop" in mine,
            1: "sentinel" in mine,
            -signal.SIGKILL: "cluster" in mine,
            WEDGED: bool(recent),
        }
        self.say(f"{self.name} ended with exit code {code}")
        if not explained.get(code, False):
            told = ", ".join(hit.kind for hit in recent) or "no blow"
            self.wrong.append(f"{self.name} ended with exit code {code} after {told}")

    # ---- the end

    def ask_to_stop(self) -> None:
        """SIGTERM, as a unit file sends it."""
        self.hit("stop")
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)


def stop_all(engines: list[Engine]) -> list[str]:
    """SIGTERM for all; returns what was wrong with how they ended, now and before."""
    for engine in engines:
        engine.ask_to_stop()
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline and any(one.process.poll() is None for one in engines):
        time.sleep(0.05)
    wrong = [told for engine in engines for told in engine.wrong]
    return wrong + [
        f"{engine.name} stopped with {code} in {STOP_SECONDS} s"
        for engine in engines
        if (code := engine.process.poll()) != 0
    ]
