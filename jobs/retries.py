"""Tasks without a final outcome: deferred into retry slices, so that none lives in memory alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db.models.functions import Now

from jobs import results
from jobs.manifests.rows import join_rows, key_of
from jobs.models import Job, Slice
from jobs.spool import Receipt, spool
from operations.base import Again, Outcome


@dataclass(frozen=True, slots=True)
class Deferred:
    """A task without a final outcome: to be tried again from a retry slice."""

    last: Outcome
    attempt: int
    wait: float
    """Seconds until it may be tried again."""
    throttled_since: datetime | None = None


Settled = Outcome | Deferred


@dataclass(frozen=True, slots=True)
class RetrySlice:
    """Deferred rows on their way into a slice of their own."""

    rows: Sequence[bytes]
    errors: Sequence[bytes]
    """The right half of each row's last error; empty where there was none."""
    attempt: int
    wait: float
    throttled_since: datetime | None = None
    crashes: int = 0
    started_upto: int = 0


def retry_slices(stretch: list[bytes], settled: list[Settled]) -> list[RetrySlice]:
    """The deferred rows, one slice for each (attempt, throttled since)."""
    groups: dict[tuple[int, datetime | None], list[tuple[bytes, Deferred]]] = {}
    for row, outcome in zip(stretch, settled, strict=True):
        if isinstance(outcome, Deferred):
            groups.setdefault((outcome.attempt, outcome.throttled_since), []).append((row, outcome))
    return [
        RetrySlice(
            rows=[row for row, _ in members],
            errors=[results.right_half(outcome.last) for _, outcome in members],
            attempt=attempt,
            wait=max(outcome.wait for _, outcome in members),
            throttled_since=since,
        )
        for (attempt, since), members in groups.items()
    ]


def write_retry(name: str, retry: RetrySlice) -> tuple[Receipt, Receipt]:
    carry = (
        spool.put(f"{name}.errors", b"".join(error + b"\n" for error in retry.errors))
        if retry.errors
        else Receipt()
    )
    return spool.put(f"{name}.tasks", join_rows(retry.rows)), carry


def insert_retries(
    job: Job, origin: Slice, retries: list[RetrySlice], files: list[tuple[Receipt, Receipt]]
) -> None:
    first = job.slices_made - len(retries) + 1
    for place, (retry, (tasks, carry)) in enumerate(zip(retries, files, strict=True)):
        keys = [key_of(row) for row in retry.rows]
        Slice.objects.create(
            job=job,
            number=first + place,
            origin=origin,
            attempt=retry.attempt,
            crashes=retry.crashes,
            not_before=Now() + timedelta(seconds=retry.wait),
            throttled_since=retry.throttled_since,
            task_file=tasks.name,
            task_bytes=tasks.size,
            task_sha256=tasks.sha256,
            carry_file=carry.name,
            carry_bytes=carry.size,
            carry_sha256=carry.sha256,
            size=len(retry.rows),
            started_upto=retry.started_upto,
            least_key=min(keys),
            greatest_key=max(keys),
        )


def final(outcome: Outcome) -> Outcome:
    """An outcome that will not be tried again."""
    return replace(outcome, again=Again.NEVER)
