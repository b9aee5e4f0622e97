"""From raw figures to ratios, a table and files. Nothing here measures.

`runs[suite][latency][contestant]` is a list of raw figures, one of each run (Measure.raw).
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from bench import crowd_figures, scale_figures

Raw = Mapping[str, Any]
Turns = Mapping[str, list[Raw]]
"""Of each contestant, its runs."""
Found = dict[str, dict[str, list[Raw]]]
"""What a suite found: latency (or size) → contestant → runs."""

START, END = "<!-- bench: begin -->", "<!-- bench: end -->"
NO_DELAY, DELAY = "0 ms", "20 ms"

RATES = {
    "whole_path_vs_s5cmd_run": (NO_DELAY, "lading-2-copy", "s5cmd-run-copy"),
    "whole_path_vs_s5cmd_cp": (NO_DELAY, "lading-2-copy", "s5cmd-cp-copy"),
    "whole_path_vs_rclone": (NO_DELAY, "lading-2-copy", "rclone-copy"),
    "whole_path_vs_boto3": (NO_DELAY, "lading-2-copy", "boto3-2-copy"),
    "whole_path_tagging_vs_boto3": (NO_DELAY, "lading-2-tagging", "boto3-2-tagging"),
    "whole_path_20ms_vs_s5cmd_run": (DELAY, "lading-2-copy", "s5cmd-run-copy"),
    "whole_path_20ms_vs_s5cmd_cp": (DELAY, "lading-2-copy", "s5cmd-cp-copy"),
    "whole_path_20ms_vs_boto3": (DELAY, "lading-2-copy", "boto3-2-copy"),
    "lane_vs_wrk_0ms": (NO_DELAY, "lane-tagging", "wrk-tagging"),
    "lane_vs_wrk_20ms": (DELAY, "lane-tagging", "wrk-tagging"),
    "workers_20ms_2_vs_1": (DELAY, "workers-2-tagging", "workers-1-tagging"),
    "workers_20ms_4_vs_1": (DELAY, "workers-4-tagging", "workers-1-tagging"),
}
"""Key → latency, whose median rate, divided by whose median rate."""


MEANINGS = {
    "whole_path_vs_s5cmd_run": "copy, 0 ms: 2 workers, in times of `s5cmd run`",
    "whole_path_vs_s5cmd_cp": "copy, 0 ms: 2 workers, in times of `s5cmd cp` of a prefix",
    "whole_path_vs_rclone": "copy, 0 ms: 2 workers, in times of `rclone copy`",
    "whole_path_vs_boto3": "copy, 0 ms: 2 workers, in times of the boto3 pool, 2 processes",
    "whole_path_tagging_vs_boto3": "the same for tagging",
    "whole_path_20ms_vs_s5cmd_run": "copy, 20 ms: 2 workers, in times of `s5cmd run`",
    "whole_path_20ms_vs_s5cmd_cp": "copy, 20 ms: 2 workers, in times of `s5cmd cp` of a prefix",
    "whole_path_20ms_vs_boto3": "copy, 20 ms: 2 workers, in times of the boto3 pool, 2 processes",
    "cpu_seconds_per_1000_tasks": "copy, 0 ms, 2 workers: of all the engine's processes",
    "lane_vs_wrk_0ms": "tagging, 0 ms: the lane alone, in times of wrk",
    "lane_vs_wrk_20ms": "tagging, 20 ms: the lane alone, in times of wrk",
    "worker_peak_mib": "the most memory that a worker ever had resident in any of the runs, MiB",
    "one_object_job_seconds": "a job of one object, from its creation to Complete",
    "workers_20ms_2_vs_1": "tagging, 20 ms, 32 connections a worker: 2 workers, in times of 1",
    "workers_20ms_4_vs_1": "the same: 4 workers, in times of 1",
    **crowd_figures.MEANINGS,
    **scale_figures.MEANINGS,
}
NO_TABLE = {"small"}
"""Suites whose one figure is among the keys."""


def median(runs: list[Raw], of: str) -> float:
    """Of one figure over all runs."""
    return statistics.median(run[of] for run in runs)


def cpu_per_1000(runs: list[Raw]) -> float:
    """Median of the CPU seconds for 1,000 tasks."""
    return statistics.median(run["cpu_seconds"] / run["count"] * 1000 for run in runs)


def ratio(turns: Turns, ours: str, theirs: str) -> float | None:
    """How many times as fast the one is; None where either did not run."""
    if not (turns.get(ours) and turns.get(theirs)):
        return None
    return short(median(turns[ours], "per_second") / median(turns[theirs], "per_second"))


def short(value: float) -> float:
    """Four digits say all that a noisy machine knows."""
    return float(f"{value:.4g}")


def summary(latencies: Mapping[str, Turns]) -> dict[str, float]:
    """The keys of results.json that these runs are enough for."""
    found = {
        key: ratio(latencies.get(latency, {}), ours, theirs)
        for key, (latency, ours, theirs) in RATES.items()
    }
    whole = [
        run
        for turns in latencies.values()
        for name, runs in turns.items()
        if name.startswith("lading-")
        for run in runs
    ]
    if runs := latencies.get(NO_DELAY, {}).get("lading-2-copy"):
        found["cpu_seconds_per_1000_tasks"] = short(cpu_per_1000(runs))
    if peaks := [run["worker_peak_mib"] for run in whole if "worker_peak_mib" in run]:
        found["worker_peak_mib"] = max(peaks)
    if runs := latencies.get(NO_DELAY, {}).get("one-object-job"):
        found["one_object_job_seconds"] = short(median(runs, "seconds"))
    known = {key: value for key, value in found.items() if value is not None}
    crowd = crowd_figures.summary(latencies.get(NO_DELAY, {}))
    return known | crowd | scale_figures.summary(latencies)


# ---- results.json


def merged(known: Mapping[str, Any], suite: str, measured: Mapping[str, Any]) -> dict[str, Any]:
    """The file with a suite's figures put in; whatever else is in it stays.

    `measured` has at, machine, titles and latencies. A key that the suite could have given and did
    not, as a contestant was missing, goes: it would not belong to the runs beside it.
    """
    before = known.get("runs", {}).get(suite, {})
    gone = set(summary(before.get("latencies", {})))
    kept = {key: value for key, value in known.items() if key not in gone}
    return {
        **kept,
        **summary(measured["latencies"]),
        "machine": measured["machine"],
        "runs": {**known.get("runs", {}), suite: dict(measured)},
    }


def read(path: Path) -> dict[str, Any]:
    """results.json as it is; nothing where there is none."""
    return dict(json.loads(path.read_text())) if path.exists() else {}


def write(path: Path, results: Mapping[str, Any]) -> None:
    """Numbers first, raw figures last, so that a person can read it."""
    numbers = {key: value for key, value in results.items() if isinstance(value, int | float)}
    rest = {key: value for key, value in results.items() if key not in numbers and key != "runs"}
    ordered = {**dict(sorted(numbers.items())), **rest}
    if "runs" in results:
        ordered["runs"] = results["runs"]
    path.write_text(json.dumps(ordered, indent=1) + "\n")


# ---- the table


def table(suite: str, measured: Mapping[str, Any]) -> str:
    """One suite in Markdown, with its machine and the time."""
    machine = measured["machine"]
    lines = [
        f"**{suite}**, measured {measured['at']} on {machine['cores']} cores of {machine['cpu']}, "
        f"{machine['memory_gib']} GiB, Linux {machine['kernel']}, Python {machine['python']}; "
        f"median of {measured['rounds']}.",
        "",
    ]
    return "\n".join([*lines, *_table_of(suite)(measured)])


def _table_of(suite: str) -> Callable[[Mapping[str, Any]], Iterator[str]]:
    if scale_figures.is_of_sizes(suite):
        return scale_figures.table
    return crowd_figures.table if suite == "sqlite" else _rows


def _rows(measured: Mapping[str, Any]) -> Iterator[str]:
    yield "| latency | work | contestant | tasks/s | CPU s per 1,000 | tasks in a run |"
    yield "| --- | --- | --- | ---: | ---: | ---: |"
    for latency, turns in measured["latencies"].items():
        for name, runs in turns.items():
            yield (
                f"| {latency} | {name.rpartition('-')[2]} | {measured['titles'].get(name, name)} "
                f"| {median(runs, 'per_second'):,.0f} | {cpu_per_1000(runs):.3f} "
                f"| {runs[0]['count']:,} |"
            )


def ratios_table(results: Mapping[str, Any]) -> str:
    """The numbers of results.json, those that are explained here first."""
    order = {key: place for place, key in enumerate(MEANINGS)}
    numbers = [key for key, value in results.items() if isinstance(value, int | float)]
    rows = [
        f"| `{key}` | {results[key]:g} | {MEANINGS.get(key, '')} |"
        for key in sorted(numbers, key=lambda key: (order.get(key, len(order)), key))
    ]
    return "\n".join(["| key | value | what it is |", "| --- | ---: | --- |", *rows])


def page(results: Mapping[str, Any]) -> str:
    """All that is generated in docs/performance.md."""
    suites = [
        table(name, measured)
        for name, measured in sorted(results.get("runs", {}).items(), reverse=True)
        if isinstance(measured, Mapping) and "latencies" in measured and name not in NO_TABLE
    ]
    return "\n\n".join([ratios_table(results), *suites])


def put_into(text: str, generated: str) -> str:
    """The page with what is between the markers replaced. Raises ValueError without them."""
    before, start, rest = text.partition(START)
    _, end, after = rest.partition(END)
    if not start or not end:
        raise ValueError(f"There is no {START} and {END} to write between.")
    return f"{before}{START}\n\n{generated}\n\n{END}{after}"
