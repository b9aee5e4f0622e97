"""The lane alone: a sender fed with targets, without slices, database and report.

    python -m bench.lane tagging COUNT --endpoint-url URL [--connections 256]

Uses the fastest sender there is, with what `operations/` alone gives. Prints its figures as JSON.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

import boto3
from botocore.config import Config

from bench.work import Work
from operations import OPERATION_BY_NAME
from operations.base import Operation, Store, Target
from operations.threads import ThreadSender

MOST_THREADS = 64


def store(endpoint_url: str, connections: int) -> Store:
    """As tasks see it: no retries inside."""
    return Store(
        s3=boto3.client(
            "s3",
            endpoint_url=endpoint_url,
            config=Config(
                retries={"total_max_attempts": 1, "mode": "standard"},
                max_pool_connections=connections,
                s3={"addressing_style": "path"},
            ),
        )
    )


def sender(operation: Operation, at: Store, bucket: str, connections: int) -> Any:
    """The fastest that this version of Lading has."""
    threads = min(connections, MOST_THREADS)
    try:
        from operations.sender import sender_for
    except ImportError:
        return ThreadSender(operation, at, threads)
    return sender_for(
        operation, at, bucket, versions=False, connections=connections, threads=threads
    )


def feed(lane: Any, work: Work) -> int:
    """Send every target and collect every outcome; how many succeeded."""
    targets = [Target(work.bucket, key) for key in work.names()]
    sent = succeeded = collected = 0
    while collected < work.count:
        upto = min(work.count, sent + lane.room)
        for index in range(sent, upto):
            lane.send(index, targets[index])
        sent = upto
        outcomes = lane.collect(0.05)
        collected += len(outcomes)
        succeeded += sum(outcome.succeeded for _, outcome in outcomes)
    return succeeded


def main() -> None:
    """Do it, and tell how long it took; the connections are opened before."""
    parser = argparse.ArgumentParser(prog="python -m bench.lane")
    parser.add_argument("kind", choices=["tagging", "copy"])
    parser.add_argument("count", type=int)
    parser.add_argument("--endpoint-url", required=True)
    parser.add_argument("--connections", type=int, default=256)
    given = parser.parse_args()
    work = Work(given.kind, given.count)
    operation = OPERATION_BY_NAME[work.operation].parse(work.parameters())
    lane = sender(
        operation, store(given.endpoint_url, given.connections), work.bucket, given.connections
    )
    feed(lane, Work(given.kind, min(given.count, 2 * given.connections)))
    wall, cpu = time.perf_counter(), time.process_time()
    succeeded = feed(lane, work)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    lane.close()
    print(
        json.dumps(
            {
                "seconds": wall,
                "cpu_seconds": cpu,
                "succeeded": succeeded,
                "sender": type(lane).__name__,
            }
        )
    )


if __name__ == "__main__":
    main()
