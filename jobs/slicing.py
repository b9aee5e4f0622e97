"""Rows of a manifest as slices: how many go into each, and its task file in the spool."""

from __future__ import annotations

from jobs.manifests.rows import join_rows, least_and_greatest_key
from jobs.models import Job, Slice
from jobs.spool import spool

FIRST_SLICE = 250
LARGEST_SLICE = 10_000


def slice_size(number: int, largest: int) -> int:
    """Slices grow: 250, 500, 1,000 … so that small jobs spread over workers and big ones cost
    little.
    """
    return min(FIRST_SLICE << min(number - 1, 10), LARGEST_SLICE, largest)


def write_slice(job: Job, number: int, rows: list[bytes], epoch: int) -> Slice:
    """Keep the task file; returns the slice's row, which the caller saves."""
    content = join_rows(rows)
    receipt = spool.put(f"jobs/{job.pk}/{number:08d}-p{epoch}.tasks", content)
    least, greatest = least_and_greatest_key(rows, content)
    return Slice(
        job=job,
        number=number,
        size=len(rows),
        least_key=least,
        greatest_key=greatest,
        task_file=receipt.name,
        task_bytes=receipt.size,
        task_sha256=receipt.sha256,
    )
