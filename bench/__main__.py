"""`make bench`: measure, write results.json and docs/performance.md, and print the table.

python -m bench [all|lane|small|prepare|report|path|workers|sqlite|profile …] [--quick]
                [--rounds 3] [--seconds 8] [--rows 50000000] [--forms csv,gz]
"""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import figures, installation, profile_path
from bench.measuring import machine
from bench.plan import Plan, label
from bench.prepare import FORMS
from bench.server import CannotBench, compiled
from bench.suites import OF_MANY, SUITES

RESULTS = Path(__file__).with_name("results.json")
PAGE = installation.ROOT / "docs" / "performance.md"


def arguments(given: list[str]) -> argparse.Namespace:
    """What is asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("suite", choices=["all", *SUITES], nargs="?", default="all")
    parser.add_argument(
        "--quick", action="store_true", help="once, with few objects: proves that it runs"
    )
    parser.add_argument("--rounds", type=int, default=3, help="runs of each contestant")
    parser.add_argument("--seconds", type=float, default=8, help="what a run should take about")
    parser.add_argument(
        "--out", type=Path, help="results.json to write; with --quick none unless told"
    )
    parser.add_argument("--rows", type=int, help="for prepare and report: this one size")
    parser.add_argument("--forms", type=forms, default=FORMS, help=f"for prepare: {FORMS}")
    asked = parser.parse_args(given)
    if asked.rows is not None and (asked.rows < 1 or asked.suite not in OF_MANY):
        parser.error(f"--rows is a number of rows, for one suite of {', '.join(OF_MANY)}")
    return asked


def forms(text: str) -> tuple[str, ...]:
    """Some of FORMS, separated by commas."""
    asked = tuple(text.split(","))
    if not set(asked) <= set(FORMS):
        raise argparse.ArgumentTypeError(f"take some of {', '.join(FORMS)}")
    return asked


def measure(given: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """The suites that are asked for, on one fresh installation."""
    plan = Plan(
        quick=given.quick,
        rounds=given.rounds,
        seconds=given.seconds,
        rows=given.rows,
        forms=given.forms,
    )
    measured = {}
    compiled()
    with tempfile.TemporaryDirectory(prefix="lading-bench-") as folder:
        installation.configure(Path(folder) / "data")
        logging.disable(logging.INFO)
        for name in SUITES if given.suite == "all" else [given.suite]:
            latencies, titles = SUITES[name](plan, Path(folder))
            # Of a size of its own it stands beside what the suite measures as a rule.
            measured[f"{name}-{label(given.rows)}" if given.rows else name] = {
                "at": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
                "machine": machine(),
                "settings": installation.settings_tried(),
                "rounds": "1 run" if given.quick else f"{given.rounds} runs",
                "titles": titles,
                "latencies": latencies,
            }
    return measured


def main(words: list[str]) -> None:
    """Measure and tell."""
    if words[:1] == ["profile"]:
        profile_path.main(words[1:])
        return
    given = arguments(words)
    out = given.out or (None if given.quick else RESULTS)
    results = figures.read(out) if out else {}
    for name, measured in measure(given).items():
        results = figures.merged(results, name, measured)
    print(figures.page(results))
    if out:
        figures.write(out, results)
    if out == RESULTS:
        PAGE.write_text(figures.put_into(PAGE.read_text(), figures.page(results)))


if __name__ == "__main__":
    # As an exit rather than an end, so that engine and server are ended as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("bench: ended by SIGTERM"))
    try:
        main(sys.argv[1:])
    except CannotBench as error:
        sys.exit(str(error))
