"""Keys and table of the suite `sqlite`. Nothing here measures."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping
from typing import Any

Raw = Mapping[str, Any]
KEYS = {
    "sqlite_write_p99_ms": "web-write",
    "sqlite_login_p99_ms": "web-login",
    "sqlite_read_p99_ms": "web-read",
}
MEANINGS = {
    "sqlite_write_p99_ms": "SQLite, 4 workers at a job, 20 polling browsers: changes of the job "
    "by the API, 99th percentile, ms",
    "sqlite_login_p99_ms": "the same for logins, most of which is the hash of the password",
    "sqlite_read_p99_ms": "the same for the polled pages",
}


def summary(turns: Mapping[str, list[Raw]]) -> dict[str, float]:
    """The median of the runs."""
    return {
        key: statistics.median(run["p99_ms"] for run in turns[kind])
        for key, kind in KEYS.items()
        if turns.get(kind)
    }


def table(measured: Mapping[str, Any]) -> Iterator[str]:
    """Milliseconds: medians of the runs, and the longest of all."""
    yield "| what | requests in a run | p50 ms | p99 ms | longest ms |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for turns in measured["latencies"].values():
        for name, runs in turns.items():
            p50, p99 = (statistics.median(run[of] for run in runs) for of in ("p50_ms", "p99_ms"))
            longest = max(run["max_ms"] for run in runs)
            yield (
                f"| {measured['titles'].get(name, name)} | {runs[0]['count']:,} "
                f"| {p50:,.0f} | {p99:,.0f} | {longest:,.0f} |"
            )
