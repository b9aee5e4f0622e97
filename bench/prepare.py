"""Suite `prepare`: from a manifest to committed slices, beside programs that count its lines.

Every run reads files that were just written and of which nothing is in memory any more: manifests
come from elsewhere, and `wc` on a file in memory measures the memory.
"""

from __future__ import annotations

import os
import shutil
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import installation, lists, long_jobs
from bench.figures import Found, Raw
from bench.measuring import Measure, timed
from bench.plan import Plan, label, rounds_of, say, sizes
from bench.server import FILES, NullServer

FORMS = ("csv", "gz", "parquet")
TITLES = {
    "lading-csv": "**Lading**, CSV, uploaded",
    "wc-csv": "`wc -l`",
    "cached-csv": "`wc -l` of a file in memory",
    "lading-gz": "**Lading**, inventory of `.csv.gz`",
    "zcat-gz": "`zcat \\| wc -l`",
    "lading-parquet": "**Lading**, inventory of Parquet",
}
Run = Callable[[], Measure]


def prepare(plan: Plan, folder: Path) -> tuple[Found, dict[str, str]]:
    """Every form of manifest, at every size, in turn with what counts its lines."""
    files = folder / "files"
    files.mkdir()
    found: Found = {}
    with NullServer(files=files) as server:
        installation.set_role(server.endpoint_url)
        for count in sizes(plan):
            made = {form: MAKE[form](files / form, count, folder) for form in plan.forms or FORMS}
            runs = {name: run for each in made.values() for name, run in each.items()}
            found[label(count)] = _in_turn(runs, plan, count)
            shutil.rmtree(files)
            files.mkdir()
    return found, TITLES


def _in_turn(runs: dict[str, Run], plan: Plan, count: int) -> dict[str, list[Raw]]:
    """Round after round; what only counts lines is quick, and is done in every one of them."""
    done: dict[str, list[Raw]] = defaultdict(list)
    for number in range(rounds_of(plan, 0)):
        for name, run in runs.items():
            if name.startswith("lading-") and number >= rounds_of(plan, count):
                continue
            measure = run()
            done[name].append(measure.raw())
            say(
                f"{label(count)}, round {number + 1}: {name:15} {measure.rate:>11,.0f} rows/s "
                f"in {measure.seconds:.2f} s {measure.more.get('peak_mib', '')}"
            )
    return dict(done)


def _csv(path: Path, count: int, folder: Path) -> dict[str, Run]:
    """Uploaded, and read from the spool; `wc` reads a copy that is made as an upload is."""
    lists.write_csv(path, count)
    copy = folder / "copy.csv"

    def wc(*, evicted: bool) -> Measure:
        shutil.copyfile(path, copy)
        if evicted:
            evict(copy)
        measure, _ = timed(["wc", "-l", str(copy)], count)
        copy.unlink()
        return measure

    def ours() -> Measure:
        manifest = long_jobs.uploaded(path)
        upload = long_jobs.spooled(manifest.upload)
        evict(upload)
        measure = _prepared({"id": str(manifest.pk)}, count, folder)
        upload.unlink()
        return measure

    return {
        "cached-csv": lambda: wc(evicted=False),
        "wc-csv": lambda: wc(evicted=True),
        "lading-csv": ours,
    }


def evict(*paths: Path) -> None:
    """Leave nothing of the files in memory."""
    for path in paths:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(handle)


def _inventory(file_format: str) -> Callable[[Path, int, Path], dict[str, Run]]:
    """Read from the null server, range by range; `zcat` reads the files themselves."""

    def make(path: Path, count: int, folder: Path) -> dict[str, Run]:
        lists.write_inventory(path, count, file_format)
        place = f"s3://{FILES}/{path.name}/manifest.json"
        asked: dict[str, Any] = {"location": place, "format": lists.INVENTORY}
        packed = sorted((path / "data").iterdir())

        def ours() -> Measure:
            evict(*packed)
            return _prepared(asked, count, folder)

        def zcat() -> Measure:
            evict(*packed)
            command = ["sh", "-c", 'zcat "$@" | wc -l', "sh", *map(str, packed)]
            return timed(command, count)[0]

        rivals = {"zcat-gz": zcat} if file_format == "CSV" else {}
        return {**rivals, f"lading-{path.name}": ours}

    return make


MAKE = {"csv": _csv, "gz": _inventory("CSV"), "parquet": _inventory("Parquet")}


def _prepared(manifest: dict[str, Any], count: int, folder: Path) -> Measure:
    job = long_jobs.created(manifest)
    try:
        return long_jobs.alone("prepare", job, count, folder)
    finally:
        long_jobs.forget(job)
