"""Keys and tables of the suites `prepare` and `report`. Nothing here measures.

Their runs are by size (`1m`, `10m`) instead of latency. A size gives its keys but for the smallest,
which is there to be measured several times.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping
from typing import Any

Raw = Mapping[str, Any]
Turns = Mapping[str, list[Raw]]

NO_KEYS = {"1m"}
AGAINST = {
    "prepare_{}_vs_wc": ("lading-csv", "wc-csv"),
    "prepare_{}_gz_vs_zcat": ("lading-gz", "zcat-gz"),
    "prepare_{}_parquet_vs_wc": ("lading-parquet", "wc-csv"),
}
"""Key → whose median rate, divided by whose."""
FORMS = {"": "lading-csv", "_gz": "lading-gz", "_parquet": "lading-parquet"}
OWN = {
    **{f"prepare_{{}}{form}_rows_per_second": (name, "per_second") for form, name in FORMS.items()},
    **{f"prepare_{{}}{form}_peak_mib": (name, "peak_mib") for form, name in FORMS.items()},
    "report_{}_seconds": ("lading-report", "seconds"),
    "report_{}_peak_mib": ("lading-report", "peak_mib"),
}
"""Key → whose figure, and which: the median, but of memory the most."""
WORST_PAGE = "page_{}_vs_10"
SLOWEST_PAGE = "page_{}_ms"
LISTS = {"list", "list-sorted", "list-searched", "list-last", "ended-list", "api-jobs"}
"""Of the account of the long job, they are of ten thousand jobs, and else of one."""
MEANINGS = {
    "prepare_10m_vs_wc": "10 M rows of CSV into slices: rows/s, in times of `wc -l`",
    "prepare_10m_rows_per_second": "the same in rows/s",
    "prepare_10m_peak_mib": "the most memory meanwhile, of the process, MiB",
    "prepare_10m_gz_vs_zcat": "from an inventory of `.csv.gz`: in times of `zcat` and `wc`",
    "prepare_10m_gz_rows_per_second": "the same in rows/s",
    "prepare_10m_gz_peak_mib": "the most memory meanwhile, MiB",
    "prepare_10m_parquet_vs_wc": "from an inventory of Parquet: in times of `wc -l` of the CSV",
    "prepare_10m_parquet_rows_per_second": "the same in rows/s",
    "prepare_10m_parquet_peak_mib": "the most memory meanwhile, MiB",
    "report_10m_seconds": "finishing a job of 10 M tasks: its report built and uploaded",
    "report_10m_peak_mib": "the most memory meanwhile, MiB",
    "page_10m_vs_10": "the slowest page of a job of 10 M tasks, in times of that of one of 10",
    "page_10m_ms": "the slowest page of all, among 10,000 jobs: its median, ms of server time",
}


def is_of_sizes(suite: str) -> bool:
    """True for the suites that are told of here."""
    return suite.partition("-")[0] in ("prepare", "report")


def summary(sizes: Mapping[str, Turns]) -> dict[str, float]:
    """The keys of results.json that these runs are enough for."""
    found: dict[str, float] = {}
    for size, turns in sizes.items():
        if size not in NO_KEYS:
            found |= dict(_keys(size, turns))
    return found


def _keys(size: str, turns: Turns) -> Iterator[tuple[str, float]]:
    for key, (ours, theirs) in AGAINST.items():
        if turns.get(ours) and turns.get(theirs):
            rates = [_median(turns[name], "per_second") for name in (ours, theirs)]
            yield key.format(size), _short(rates[0] / rates[1])
    for key, (name, figure) in OWN.items():
        if turns.get(name):
            most = figure == "peak_mib"
            yield key.format(size), _most(turns[name]) if most else _median(turns[name], figure)
    if pages := pages_of(turns):
        ratios = [long / short for page, long, short in pages if page not in LISTS]
        yield WORST_PAGE.format(size), _short(max(ratios))
        yield SLOWEST_PAGE.format(size), _short(max(long for _, long, _ in pages))


def pages_of(turns: Turns) -> list[tuple[str, float, float]]:
    """Each page with its median milliseconds: of the long job, and of the short one."""
    return [
        (
            name.removeprefix("page-").removesuffix("-long"),
            _median(runs, "milliseconds"),
            _median(turns[name.removesuffix("long") + "short"], "milliseconds"),
        )
        for name, runs in turns.items()
        if name.startswith("page-") and name.endswith("-long")
    ]


def _median(runs: list[Raw], of: str) -> float:
    return _short(statistics.median(run[of] for run in runs))


def _most(runs: list[Raw]) -> float:
    """The peak of memory of all runs; 0 for what tells of none."""
    return max((run.get("peak_mib", 0.0) for run in runs), default=0.0)


def _short(value: float) -> float:
    return float(f"{value:.4g}")


# ---- tables


def table(measured: Mapping[str, Any]) -> Iterator[str]:
    """Rows per second and memory, then the pages."""
    yield "| rows | what | rows/s | seconds | CPU s | peak MiB | runs |"
    yield "| --- | --- | ---: | ---: | ---: | ---: | ---: |"
    for size, turns in measured["latencies"].items():
        for name, runs in turns.items():
            if not name.startswith("page-"):
                peak = _most(runs)
                yield (
                    f"| {size} | {measured['titles'].get(name, name)} "
                    f"| {_median(runs, 'per_second'):,.0f} | {_median(runs, 'seconds'):.2f} "
                    f"| {_median(runs, 'cpu_seconds'):.2f} | {peak or '–'} | {len(runs)} |"
                )
    yield from _pages(measured["latencies"])


def _pages(sizes: Mapping[str, Turns]) -> Iterator[str]:
    if not any(pages_of(turns) for turns in sizes.values()):
        return
    yield ""
    yield "| rows | page or call | ms | ms for a job of 10 |"
    yield "| --- | --- | ---: | ---: |"
    for size, turns in sizes.items():
        for page, long, short in pages_of(turns):
            yield f"| {size} | {page} | {long:.1f} | {short:.1f} |"
