"""One transaction per part: the counters and the pointer to the result file, fenced by the lease.

Order of locks, always: slice, job, throughput, tallies by key (design decision 7). The files are
safe in the spool before the transaction begins; when it does not happen, they are garbage.
"""

from __future__ import annotations

import secrets
from collections import Counter
from typing import Any

from django.db.models import F

from jobs import results, throughput
from jobs.database import write
from jobs.lanes import GIVEN_BACK, SliceClaim
from jobs.leases import LeaseLost, lease_end
from jobs.manifests.rows import columns
from jobs.models import MOST_TASK_RESULTS, Job, Part, Slice, Tally, TaskResult
from jobs.retries import (
    Deferred,
    RetrySlice,
    Settled,
    insert_retries,
    retry_slices,
    write_retry,
)
from jobs.spool import Receipt, spool
from jobs.tasks_of_job import LONGEST_CODE, OTHER
from jobs.threshold import allowance, judge
from operations.base import Outcome

MOST_TALLIES = 1000
"""Distinct (error code, HTTP status) pairs of a job; further ones are counted under `Other`."""


def commit(
    claim: SliceClaim,
    rows: list[bytes],
    settled: list[Settled],
    *,
    window: int,
    release: bool = False,
) -> None:
    """Commit the next `len(settled)` rows of the slice, and reserve `window` more.

    With `release` the slice is given back in the same transaction. Raises LeaseLost, and writes
    nothing, when the slice belongs to somebody else by now.
    """
    start = claim.slice.next_index
    stretch = rows[start : start + len(settled)]
    _commit(claim, stretch, settled, retry_slices(stretch, settled), window=window, release=release)


def hand_on(claim: SliceClaim, pieces: list[RetrySlice], *, cause: Outcome) -> None:
    """Commit the rest of a slice as deferred into the given pieces."""
    rest = claim.slice.size - claim.slice.next_index
    settled: list[Settled] = [Deferred(cause, claim.slice.attempt, 0.0)] * rest
    _commit(claim, [], settled, pieces, window=0, release=False)


def _commit(
    claim: SliceClaim,
    stretch: list[bytes],
    settled: list[Settled],
    retries: list[RetrySlice],
    *,
    window: int,
    release: bool,
) -> None:
    slice_, label = claim.slice, _label(claim.slice)
    failures = _failures(stretch, settled)
    part = _part(claim, settled, len(failures), f"{label}.results")
    files = [write_retry(f"{label}.retry{place}", retry) for place, retry in enumerate(retries)]
    upto = slice_.started_upto
    with write():
        _advance_slice(claim, part, release=release)
        job = _count(part, len(retries))
        throughput.count(part)
        _tally(job, failures)
        part.save(force_insert=True)
        insert_retries(job, slice_, retries, files)
        _keep_failures(job, failures)
        judge(job)
        if not release and part.end < slice_.size:
            upto = _reserve(claim, job, part.end, window)
    slice_.next_index, slice_.started_upto, slice_.errors = part.end, upto, 0
    claim.job = job


def _label(slice_: Slice) -> str:
    """The beginning of the names of a part's files, which nobody else has: not even this lane, when
    it tries again what the database has committed without its hearing of it.
    """
    place = f"{slice_.number:08d}-{slice_.epoch}-{slice_.next_index}"
    return f"jobs/{slice_.job_id}/{place}-{secrets.token_hex(4)}"


def _part(claim: SliceClaim, settled: list[Settled], failed: int, name: str) -> Part:
    """The part that is to be committed; its result file is in the spool already."""
    start = claim.slice.next_index
    receipt, lines = _write_results(name, start, settled, claim.job)
    deferred = sum(isinstance(outcome, Deferred) for outcome in settled)
    return Part(
        job_id=claim.slice.job_id,
        slice=claim.slice,
        start=start,
        end=start + len(settled),
        succeeded=len(settled) - deferred - failed,
        failed=failed,
        deferred=deferred,
        result_file=receipt.name,
        result_bytes=receipt.size,
        result_sha256=receipt.sha256,
        result_lines=lines,
    )


def _count(part: Part, retries: int) -> Job:
    """The job with the part's results counted; its row is locked from here on."""
    Job.objects.filter(pk=part.job_id).update(
        succeeded=F("succeeded") + part.succeeded,
        failed=F("failed") + part.failed,
        slices_made=F("slices_made") + retries,
    )
    return Job.objects.get(pk=part.job_id)


def _advance_slice(claim: SliceClaim, part: Part, *, release: bool) -> None:
    """The fence: the first write of the transaction, on the slice's row."""
    changes: dict[str, Any] = {
        name: F(name) + getattr(part, name) for name in ("succeeded", "failed", "deferred")
    }
    changes["errors"] = 0  # only setbacks without a part between them add up
    if part.end == claim.slice.size:
        changes.update(state=Slice.State.DONE, owner="", lease_until=None, started_upto=part.end)
    elif release:
        upto = max(claim.doubt_upto, part.end)
        changes.update(GIVEN_BACK, started_upto=upto)
    else:
        changes["lease_until"] = lease_end()
    still_ours = claim.lease.rows.filter(next_index=part.start)
    if not still_ours.update(next_index=part.end, **changes):
        raise LeaseLost("The slice belongs to another lane by now.")


def _reserve(claim: SliceClaim, job: Job, end: int, window: int) -> int:
    """Allow the lane to start up to `window` rows past `end`; its row and the job's are locked by
    now.
    """
    grant = allowance(job, window, besides=claim.slice)
    upto = max(claim.doubt_upto, claim.slice.started_upto, min(end + grant, claim.slice.size))
    claim.lease.rows.update(started_upto=upto)
    return upto


def extend(claim: SliceClaim, window: int) -> None:
    """Ask again for rows to start, where the first thousand of a job are still being waited for."""
    with write():
        if not claim.lease.rows.select_for_update().exists():
            raise LeaseLost("The slice belongs to another lane by now.")
        job = Job.objects.select_for_update().get(pk=claim.slice.job_id)
        upto = _reserve(claim, job, claim.slice.next_index, window)
    claim.slice.started_upto = upto


def _failures(stretch: list[bytes], settled: list[Settled]) -> list[tuple[bytes, Outcome]]:
    return [
        (row, outcome)
        for row, outcome in zip(stretch, settled, strict=False)
        if isinstance(outcome, Outcome) and not outcome.succeeded
    ]


def _write_results(name: str, start: int, settled: list[Settled], job: Job) -> tuple[Receipt, int]:
    plain = job.operation_type.plain_success
    lines = []
    for index, outcome in enumerate(settled, start):
        if outcome is plain or outcome == plain:
            continue
        if isinstance(outcome, Deferred):
            kind, said = results.DEFERRED, outcome.last
        else:
            kind, said = (results.SUCCEEDED if outcome.succeeded else results.FAILED), outcome
        lines.append(b"%d %s %s\n" % (index, kind, results.right_half(said)))
    return (spool.put(name, b"".join(lines)) if lines else Receipt()), len(lines)


def _tally(job: Job, failures: list[tuple[bytes, Outcome]]) -> None:
    """Count failures by (error code, HTTP status), in the order of the keys."""
    found = Counter((told.error_code[:LONGEST_CODE], told.http_status or 0) for _, told in failures)
    if not found:
        return
    known = set(job.tallies.values_list("error_code", "http_status"))
    for key in sorted(found):
        if key not in known and len(known) >= MOST_TALLIES:
            count = found.pop(key)
            found[OTHER] += count
        known.add(key)
    for code, http_status in sorted(found):
        tally, _ = Tally.objects.get_or_create(job=job, error_code=code, http_status=http_status)
        Tally.objects.filter(pk=tally.pk).update(count=F("count") + found[code, http_status])


def _keep_failures(job: Job, failures: list[tuple[bytes, Outcome]]) -> None:
    """Rows for triage in the browser, up to MOST_TASK_RESULTS a job; the job's row is locked and
    counted already.
    """
    before = job.failed - len(failures)
    kept = []
    for row, outcome in failures[: max(0, MOST_TASK_RESULTS - before)]:
        bucket, key, *version = columns(row)
        kept.append(
            TaskResult(
                job=job,
                bucket=bucket,
                key=key,
                version_id=version[0] if version else "",
                http_status=outcome.http_status,
                error_code=outcome.error_code[:LONGEST_CODE],
                message=outcome.message,
            )
        )
    TaskResult.objects.bulk_create(kept, batch_size=200)
