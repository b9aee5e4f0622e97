"""Wall and CPU seconds of programs and of process trees, and the machine they ran on."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench.server import CannotBench

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Measure:
    """One run of a contestant. `more` holds what only some have, such as a peak of memory."""

    count: int
    seconds: float
    cpu_seconds: float
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Tasks per second."""
        return self.count / self.seconds

    @property
    def cpu_per_1000(self) -> float:
        """CPU seconds of the client per 1,000 tasks."""
        return self.cpu_seconds / self.count * 1000

    def raw(self) -> dict[str, Any]:
        """As results.json keeps it."""
        kept = asdict(self)
        more = kept.pop("more")
        kept = {name: _short(value) for name, value in kept.items()}
        return {**kept, "per_second": _short(self.rate), **more}


def _short(value: float) -> float:
    return value if isinstance(value, int) else float(f"{value:.5g}")


def timed(
    command: Sequence[str],
    count: int,
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> tuple[Measure, str]:
    """Run a program to its end; its figures, with those of all it waited for, and its output."""
    begun = time.perf_counter()
    with subprocess.Popen(
        command, env=env, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - begun
    if process.returncode:
        raise CannotBench(f"{command[0]} ended with {process.returncode}:\n{output[-2000:]}")
    return Measure(count, seconds, usage.ru_utime + usage.ru_stime), output


def reported(output: str) -> dict[str, Any]:
    """The JSON in the last line that one of our own scripts printed."""
    return dict(json.loads(output.strip().rpartition("\n")[2]))


# ---- process trees


def children(pid: int) -> list[int]:
    """The child processes of a process, whichever of its threads started them."""
    found: list[int] = []
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(child) for child in listed.read_text().split()]
        except OSError:
            continue
    return found


def tree(pid: int) -> list[int]:
    """A process and all that descend from it."""
    return [pid, *(below for child in children(pid) for below in tree(child))]


def cpu_of_tree(pid: int) -> float:
    """CPU seconds of a tree so far, with its processes that ended and were waited for."""
    return sum(_cpu(each) for each in tree(pid))


def _cpu(pid: int) -> float:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0.0
    fields = text.rpartition(")")[2].split()
    return sum(int(ticks) for ticks in fields[11:15]) / TICKS


def peak_mib(pid: int) -> float:
    """The most memory that a living process ever had resident."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    for line in text.splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


# ---- the machine


def machine() -> dict[str, Any]:
    """What the figures depend on."""
    cpu = "unknown"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            cpu = line.partition(":")[2].strip()
            break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "cpu": cpu,
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(memory),
        "kernel": platform.release(),
        "python": platform.python_version(),
    }
