"""The lane alone, and wrk as its yardstick: the same requests on the same core."""

from __future__ import annotations

import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from bench import installation
from bench.contestants import Contestant, credentials
from bench.measuring import Measure, reported, timed
from bench.server import CannotBench, NullServer
from bench.work import Work

SCRIPT = Path(__file__).with_name("tagging.lua")


def pinned(cpus: frozenset[int], *command: str) -> list[str]:
    """The command on those processors alone, where taskset is there to say so."""
    taskset = shutil.which("taskset")
    chosen = ",".join(str(cpu) for cpu in sorted(cpus))
    return [taskset, "-c", chosen, *command] if taskset and cpus else list(command)


@dataclass(frozen=True)
class Lane(Contestant):
    """lane.py in a process of its own, which times itself once its connections are open."""

    connections: int
    cpus: frozenset[int]
    label: ClassVar[str] = "**Lading, the lane alone**, 1 core"
    CONNECTIONS: ClassVar[dict[int, int]] = {0: 256, 20: 512}

    @staticmethod
    def cores() -> tuple[frozenset[int], frozenset[int]]:
        """A processor for the server and one for the client; none where there is only one."""
        free = sorted(os.sched_getaffinity(0))
        if len(free) < 2:
            return frozenset(), frozenset()
        return frozenset(free[:1]), frozenset(free[1:2])

    @property
    def name(self) -> str:
        return f"lane-{self.kind}"

    def run(self, work: Work, server: NullServer, folder: Path) -> Measure:
        command = pinned(
            self.cpus,
            *(sys.executable, "-m", "bench.lane", work.kind, str(work.count)),
            *("--endpoint-url", server.endpoint_url, "--connections", str(self.connections)),
        )
        _, output = timed(command, work.count, env=credentials(), cwd=installation.ROOT)
        told = reported(output)
        if told["succeeded"] != work.count:
            raise CannotBench(f"The lane succeeded {told['succeeded']} times of {work.count}.")
        more = {"sender": told["sender"], "connections": self.connections}
        return Measure(work.count, told["seconds"], told["cpu_seconds"], more)


@dataclass(frozen=True)
class Wrk(Contestant):
    """wrk with one thread, for some seconds; it does not sign, so it does less than any client."""

    connections: int
    cpus: frozenset[int]
    seconds: int
    label: ClassVar[str] = "wrk, 1 core, unsigned"
    CONNECTIONS: ClassVar[dict[int, int]] = {0: 256, 20: 1024}

    @property
    def name(self) -> str:
        return f"wrk-{self.kind}"

    def missing(self) -> str:
        return "" if shutil.which("wrk") else "wrk (apt-get install wrk)"

    def run(self, work: Work, server: NullServer, folder: Path) -> Measure:
        command = pinned(
            self.cpus,
            *("wrk", "-t1", f"-c{self.connections}", f"-d{self.seconds}", "-s", str(SCRIPT)),
            server.endpoint_url,
        )
        measure, output = timed(command, 1)
        done = re.search(r"(\d+) requests in ([\d.]+)s", output)
        if not done or "Non-2xx" in output or "Socket errors" in output:
            raise CannotBench(f"wrk had errors:\n{output}")
        more = {"connections": self.connections}
        return Measure(int(done[1]), float(done[2]), measure.cpu_seconds, more)
