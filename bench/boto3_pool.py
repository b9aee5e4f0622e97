"""The work as a good engineer would write it in an afternoon: boto3, threads, perhaps processes.

    python -m bench.boto3_pool KIND LIST RESULTS --endpoint-url URL [--processes 2] [--threads 32]

One client for all threads of a process, a pool of connections as large as theirs, botocore's
standard retries, the list read as a stream, a results CSV written. Prints its own figures as JSON;
the time to start Python and import boto3 is left out, in its favour.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import multiprocessing
import resource
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from bench.work import COPIES, TAG

BATCH = 2_000
"""Rows handed to the threads at a time, so that a long list needs little memory."""


def client(endpoint_url: str, threads: int) -> Any:
    """One for all threads."""
    return boto3.client(
        "s3",
        endpoint_url=endpoint_url,
        config=Config(
            max_pool_connections=threads,
            retries={"total_max_attempts": 4, "mode": "standard"},
            s3={"addressing_style": "path"},
        ),
    )


def tag(s3: Any, bucket: str, key: str) -> None:
    """One task."""
    s3.put_object_tagging(
        Bucket=bucket, Key=key, Tagging={"TagSet": [{"Key": TAG[0], "Value": TAG[1]}]}
    )


def copy(s3: Any, bucket: str, key: str) -> None:
    """One task."""
    s3.copy_object(Bucket=COPIES, Key=key, CopySource={"Bucket": bucket, "Key": key})


TASKS: dict[str, Callable[[Any, str, str], None]] = {"tagging": tag, "copy": copy}


def perform(given: argparse.Namespace, part: int) -> None:
    """The part-th of every `processes` rows, into a results file of its own."""
    s3, do = client(given.endpoint_url, given.threads), TASKS[given.kind]

    def task(row: list[str]) -> list[str]:
        try:
            do(s3, row[0], row[1])
        except (ClientError, BotoCoreError) as error:
            return [*row, "failed", str(error)]
        return [*row, "succeeded", ""]

    with (
        open(given.list, newline="") as rows,
        open(f"{given.results}.{part}", "w", newline="") as results,
        ThreadPoolExecutor(given.threads) as pool,
    ):
        mine = itertools.islice(csv.reader(rows), part, None, given.processes)
        for batch in batches(mine):
            csv.writer(results).writerows(pool.map(task, batch))


def batches(rows: Iterator[list[str]]) -> Iterator[list[list[str]]]:
    """BATCH rows at a time."""
    while batch := list(itertools.islice(rows, BATCH)):
        yield batch


def run(given: argparse.Namespace) -> None:
    """All parts, each in a process if there are several, and their results joined."""
    parts = range(given.processes)
    if given.processes == 1:
        perform(given, 0)
    else:
        fork = multiprocessing.get_context("fork")
        processes = [fork.Process(target=perform, args=(given, part)) for part in parts]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
            if process.exitcode:
                raise SystemExit(f"A process ended with {process.exitcode}.")
    with open(given.results, "wb") as joined:
        for part in parts:
            piece = Path(f"{given.results}.{part}")
            with piece.open("rb") as content:
                shutil.copyfileobj(content, joined)
            piece.unlink()


def cpu_seconds() -> float:
    """Of this process and of those it waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def main() -> None:
    """Do it, and tell how long it took."""
    parser = argparse.ArgumentParser(prog="python -m bench.boto3_pool")
    parser.add_argument("kind", choices=TASKS)
    parser.add_argument("list", type=Path)
    parser.add_argument("results", type=Path)
    parser.add_argument("--endpoint-url", required=True)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--threads", type=int, default=32)
    given = parser.parse_args()
    begun, cpu = time.perf_counter(), cpu_seconds()
    run(given)
    print(json.dumps({"seconds": time.perf_counter() - begun, "cpu_seconds": cpu_seconds() - cpu}))


if __name__ == "__main__":
    main()
