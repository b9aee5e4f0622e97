"""Suite `prepare`: from a manifest to committed slices, beside programs that count its lines."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import installation, lists, long_jobs
from bench.figures import Found, Raw
from bench.measuring import Measure, timed
from bench.plan import Plan, label, rounds_of, say, sizes
from bench.server import FILES, NullServer

if TYPE_CHECKING:
    from jobs.models import Manifest

FORMS = ("csv", "gz", "parquet")
TITLES = {
    "lading-csv": "**Lading**, CSV, uploaded",
    "wc-csv": "`wc -l`",
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
            found[label(count)] = _in_turn(runs, rounds_of(plan, count), count)
            shutil.rmtree(files)
            files.mkdir()
    return found, TITLES


def _in_turn(runs: dict[str, Run], rounds: int, count: int) -> dict[str, list[Raw]]:
    done: dict[str, list[Raw]] = defaultdict(list)
    for number in range(rounds):
        for name, run in runs.items():
            measure = run()
            done[name].append(measure.raw())
            say(
                f"{label(count)}, round {number + 1}: {name:15} {measure.rate:>11,.0f} rows/s "
                f"in {measure.seconds:.2f} s {measure.more.get('peak_mib', '')}"
            )
    return dict(done)


def _csv(path: Path, count: int, folder: Path) -> dict[str, Run]:
    """Uploaded, and read from the spool; `wc` reads the file that was uploaded."""
    lists.write_csv(path, count)
    manifest: list[Manifest] = [long_jobs.uploaded(path)]
    return {
        "wc-csv": lambda: timed(["wc", "-l", str(path)], count)[0],
        "lading-csv": lambda: _prepared({"id": str(manifest[0].pk)}, count, folder),
    }


def _inventory(file_format: str) -> Callable[[Path, int, Path], dict[str, Run]]:
    """Read from the null server, range by range; `zcat` reads the files themselves."""

    def make(path: Path, count: int, folder: Path) -> dict[str, Run]:
        lists.write_inventory(path, count, file_format)
        place = f"s3://{FILES}/{path.name}/manifest.json"
        asked: dict[str, Any] = {"location": place, "format": lists.INVENTORY}
        ours = {f"lading-{path.name}": lambda: _prepared(asked, count, folder)}
        if file_format != "CSV":
            return ours
        packed = [str(file) for file in sorted((path / "data").iterdir())]
        command = ["sh", "-c", 'zcat "$@" | wc -l', "sh", *packed]
        return {"zcat-gz": lambda: timed(command, count)[0], **ours}

    return make


MAKE = {"csv": _csv, "gz": _inventory("CSV"), "parquet": _inventory("Parquet")}


def _prepared(manifest: dict[str, Any], count: int, folder: Path) -> Measure:
    job = long_jobs.created(manifest)
    try:
        return long_jobs.alone("prepare", job, count, folder)
    finally:
        long_jobs.forget(job)
