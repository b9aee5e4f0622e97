"""How much more is done than the decision to end a job was made on (docs/life_cycle.md).

    python -m bench.overshoot [--workers 1,2,4] [--delay 0,20] [--rounds 3]

A job whose first tasks succeed and whose others are all refused is performed by a real engine,
under AWS's rule and with a number of failures. The overshoot is what was executed, or failed,
beyond the first count at which the rule holds.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from bench import installation, whole_path
from bench.server import CannotBench, NullServer

if TYPE_CHECKING:
    from jobs.models import Job

GOOD, REFUSED = 20_000, 100_000
LIMIT = 100
LONGEST_SECONDS = 120


@dataclass(frozen=True)
class Rule:
    """A failure threshold, and the first count at which it holds."""

    title: str
    threshold: int | None
    holds_at: int

    def beyond(self, job: Job) -> int:
        """How far the job went beyond that count."""
        return (job.executed if self.threshold is None else job.failed) - self.holds_at


RULES = (
    Rule("AWS's rule (executed)", None, 2 * GOOD + 1),
    Rule(f"{LIMIT} failures (failed)", LIMIT, LIMIT),
)


def numbers(text: str) -> list[int]:
    """1,2,4"""
    return [int(number) for number in text.split(",")]


def arguments(given: list[str]) -> argparse.Namespace:
    """What is asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench.overshoot")
    parser.add_argument("--workers", type=numbers, default=[1, 2, 4])
    parser.add_argument("--delay", type=numbers, default=[0, 20], help="the server's latency in ms")
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args(given)


def manifest() -> bytes:
    """First those that succeed, then those that are refused."""
    keys = [*(f"object-{n:08}" for n in range(GOOD)), *(f"refused-{n:08}" for n in range(REFUSED))]
    return "".join(f"objects,{key}\n" for key in keys).encode()


def ended(rule: Rule, running: whole_path.Engine) -> Job:
    """A job under the rule that has failed as it should."""
    from django.core.files import File

    from jobs import services

    user = installation.somebody()
    upload = services.store_upload(user, File(BytesIO(manifest())), filename="overshoot.csv")
    request: dict[str, Any] = {
        "operation": "S3PutObjectTagging",
        "parameters": {"tag_set": []},
        "manifest": {"id": str(upload.pk)},
        "role": "bench",
        "confirmation_required": False,
        "failure_threshold": rule.threshold,
    }
    job = services.create_job(user, request)
    deadline = time.monotonic() + LONGEST_SECONDS
    while not job.is_final:
        time.sleep(0.1)
        running.check()
        if time.monotonic() > deadline:
            raise CannotBench(f"The job did not end in {LONGEST_SECONDS} s: {job.state.value}")
        job.refresh_from_db()
    if job.state != "Failed":
        raise CannotBench(f"The job is {job.state.value}: {job.failure_reasons}")
    return job


def measured(given: argparse.Namespace, folder: Path) -> Iterator[str]:
    """A line of the table for each rule, latency and number of workers."""
    for delay in given.delay:
        with NullServer(delay) as server:
            installation.set_role(server.endpoint_url)
            for workers in given.workers:
                with whole_path.engine(folder, workers) as running:
                    for rule in RULES:
                        jobs = [ended(rule, running) for _ in range(given.rounds)]
                        found = sorted(rule.beyond(job) for job in jobs)
                        yield (
                            f"| {rule.title} | {delay} ms | {workers} "
                            f"| {median(found):,.0f} | {found[-1]:,} |"
                        )


def main(words: list[str]) -> None:
    """Measure and print."""
    given = arguments(words)
    with tempfile.TemporaryDirectory(prefix="lading-bench-") as folder:
        installation.configure(Path(folder) / "data")
        logging.disable(logging.INFO)
        print("| rule (what is counted) | latency | workers | median | most |")
        print("| --- | --- | --- | --- | --- |")
        for line in measured(given, Path(folder)):
            print(line, flush=True)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except CannotBench as error:
        sys.exit(str(error))
