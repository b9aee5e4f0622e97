"""What is measured together: every contestant in turn, round after round, on one null server."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench import finishing, installation, sharing, whole_path
from bench.contestants import Boto3Pool, Contestant, Rclone, S5cmdCp, S5cmdRun
from bench.figures import DELAY, NO_DELAY, Found
from bench.lane_contestants import Lane, Wrk
from bench.measuring import Measure
from bench.plan import Plan, say
from bench.prepare import prepare
from bench.server import CannotBench, NullServer
from bench.work import Work

DELAYS = {NO_DELAY: 0, DELAY: 20}
MOST_GROWTH = 8
"""By how much a run may have more objects than the one before it, while it is being sized."""
FIRST_COUNT = 1_000
MOST_COUNT = 500_000
QUICK_COUNT = 400


def path(plan: Plan, folder: Path) -> tuple[Found, dict[str, str]]:
    """The whole path against other tools."""
    all_of_them: list[Contestant] = [
        whole_path.Lading("tagging", 1),
        whole_path.Lading("tagging", 2),
        Boto3Pool("tagging", 2),
        whole_path.Lading("copy", 1),
        whole_path.Lading("copy", 2),
        S5cmdRun("copy"),
        S5cmdCp("copy"),
        Rclone("copy"),
        Boto3Pool("copy", 1),
        Boto3Pool("copy", 2),
    ]
    late = [each for each in all_of_them if each.name not in ("boto3-1-copy", "boto3-2-tagging")]
    if plan.quick:
        late = [each for each in late if each.name in ("lading-2-copy", "s5cmd-cp-copy")]
    found: Found = {}
    for latency, those in ((NO_DELAY, all_of_them), (DELAY, late)):
        with NullServer(DELAYS[latency]) as server:
            installation.set_role(server.endpoint_url)
            found[latency] = in_turn(present(those), server, plan, latency, folder)
    return found, {each.name: each.title for each in all_of_them}


def lane(plan: Plan, folder: Path) -> tuple[Found, dict[str, str]]:
    """The lane alone against wrk, each on one core, the server on another."""
    found: Found = {}
    titles = {}
    server_cpus, client_cpus = Lane.cores()
    for latency, delay in DELAYS.items():
        those: list[Contestant] = [
            Lane("tagging", Lane.CONNECTIONS[delay], client_cpus),
            Wrk("tagging", Wrk.CONNECTIONS[delay], client_cpus, 1 if plan.quick else 4),
        ]
        with NullServer(delay, cpus=server_cpus) as server:
            found[latency] = in_turn(present(those), server, plan, latency, folder)
        titles |= {each.name: each.label for each in those}
    return found, titles


def small(plan: Plan, folder: Path) -> tuple[Found, dict[str, str]]:
    """A job of one object: all that is not work."""
    runs = []
    with NullServer() as server:
        installation.set_role(server.endpoint_url)
        with whole_path.engine(folder, 2) as running:
            for _ in range(2 if plan.quick else 8):
                job, cpu = whole_path.finished(Work("tagging", 1), running)
                runs.append(Measure(1, whole_path.seconds(job)[0], cpu).raw())
    say(f"one object: {[run['seconds'] for run in runs]} s")
    title = "Lading, a job of one object, 2 workers"
    return {NO_DELAY: {"one-object-job": runs}}, {"one-object-job": title}


def workers(plan: Plan, folder: Path) -> tuple[Found, dict[str, str]]:
    """What further workers add where the store takes its time; each run is three times as long as
    others, as the last slice is one worker's.
    """
    those = [sharing.Bounded("tagging", count) for count in (1, 2, 4)]
    longer = replace(plan, seconds=3 * plan.seconds)
    with NullServer(DELAYS[DELAY]) as server:
        installation.set_role(server.endpoint_url)
        found = {DELAY: in_turn(those, server, longer, DELAY, folder)}
    return found, {each.name: each.title for each in those}


SUITES: dict[str, Callable[[Plan, Path], tuple[Found, dict[str, str]]]] = {
    "lane": lane,
    "small": small,
    "prepare": prepare,
    "report": finishing.report,
    "path": path,
    "workers": workers,
    "sqlite": sharing.sqlite,
}
OF_MANY = ("prepare", "report")
"""Suites that --rows is for."""


def present(those: Sequence[Contestant]) -> list[Contestant]:
    """Without those that are not installed; says what is missing."""
    for each in those:
        if each.missing():
            say(f"left out: {each.name}: install {each.missing()}")
    return [each for each in those if not each.missing()]


def in_turn(
    those: Sequence[Contestant], server: NullServer, plan: Plan, latency: str, folder: Path
) -> dict[str, list[dict[str, Any]]]:
    """A B C A B C …: whatever else the machine does, it does to all of them."""
    counts = {each.name: sized(each, server, plan, folder) for each in those}
    runs: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for number in range(1 if plan.quick else plan.rounds):
        for each in those:
            measure = once(each, Work(each.kind, counts[each.name]), server, folder)
            runs[each.name].append(measure.raw())
            say(
                f"{latency}, round {number + 1}: {each.name:18} {measure.rate:>9,.0f}/s "
                f"{measure.cpu_per_1000:.4f} CPU s/1,000 "
                f"({measure.count:,} in {measure.seconds:.1f} s)"
            )
    return dict(runs)


def sized(each: Contestant, server: NullServer, plan: Plan, folder: Path) -> int:
    """How many objects keep it busy for about `plan.seconds`, found by runs that grow: what takes
    time once must not pass for a low rate. The runs also warm everything up.
    """
    if plan.quick:
        return QUICK_COUNT
    count = FIRST_COUNT
    while True:
        measure = once(each, Work(each.kind, count), server, folder)
        wanted = min(MOST_COUNT, max(FIRST_COUNT, int(measure.rate * plan.seconds)))
        if measure.seconds >= plan.seconds * 0.8 or wanted <= count:
            return rounded(wanted)
        count = min(wanted, count * MOST_GROWTH)


def rounded(count: int) -> int:
    """Two digits: nobody needs to read more."""
    return int(float(f"{count:.2g}"))


def once(each: Contestant, work: Work, server: NullServer, folder: Path) -> Measure:
    """One run, checked at the server: each object was asked for."""
    server.reset()
    own = Path(tempfile.mkdtemp(dir=folder, prefix=re.sub(r"\W", "-", each.name)))
    try:
        measure = each.run(work, server, own)
    finally:
        shutil.rmtree(own, ignore_errors=True)
    counts = server.counts()
    if counts[work.kind] < measure.count:
        raise CannotBench(
            f"{each.name}: the server saw {counts[work.kind]} requests for {measure.count} objects."
        )
    per_task = sum(counts.values()) / measure.count
    return Measure(
        measure.count,
        measure.seconds,
        measure.cpu_seconds,
        {**measure.more, "requests_per_task": round(per_task, 2)},
    )
