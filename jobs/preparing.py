"""Preparing: the whole manifest, row by row, into slices, before the first task (spec.md 4.1).

The rows are read in a thread, so that the lease is kept however long the store takes to answer, and
slices are written by others, so that no row waits for a disk. The lane that prepares holds the
job's lease. With every batch of slices it commits how far it has read (design decision 6), so that
a successor goes on from there and leaves no slice twice. Slices become claimable when the job
becomes Active. A fault of the manifest ends the job in Failed with line, column and reason.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any

from jobs import manifests, probing, stores
from jobs.database import write
from jobs.delivery import check_report
from jobs.errors import JobFailure
from jobs.generated import check_output, save_generated
from jobs.lanes import JobClaim, waiting
from jobs.leases import LeaseLost, held_during
from jobs.memory import share_arenas
from jobs.models import UNTRIED, Job, Slice
from jobs.needs import lacking
from jobs.probing import Judgement
from jobs.selected import SelectedReader
from jobs.slicing import slice_size, write_slice
from jobs.spool import spool
from jobs.status import JobStatus
from operations.base import Unfit

if TYPE_CHECKING:
    from jobs.manifests import Reader

logger = logging.getLogger(__name__)

CHECKPOINT_SECONDS = 1.0
CHECKPOINT_SLICES = 200
WRITERS = 4
"""Threads that write slices: most of their time is the disk's."""
TURN_SECONDS = 20.0


def prepare(claim: JobClaim, stop: Callable[[], bool]) -> None:
    """Read on for a turn, and longer where nobody waits for the lane; at the end of the manifest
    the job becomes Ready, or Suspended to be confirmed.

    Raises JobFailure for what is wrong with the job, LeaseLost when another lane or a cancel was
    quicker.
    """
    share_arenas()
    job = claim.job
    if job.state == JobStatus.NEW:
        job.become(JobStatus.PREPARING, actor="system")
    _look(claim)
    _require(claim)
    with closing(_open(claim)) as reader:
        if not _read(claim, reader, stop):
            claim.release(errors=0)
            return
    _end(claim)


def _read(claim: JobClaim, reader: Reader, stop: Callable[[], bool]) -> bool:
    """All rows into slices; False where the lane has to give way before the end."""
    turn_ends, job = 0.0, claim.job
    while not reader.ended:
        made = _batch(claim, reader)
        with write():
            _checkpoint(claim, reader, made)
        # Its first rows begin a turn: to come to them, deep in a packed file, may take longer.
        turn_ends = turn_ends or time.monotonic() + TURN_SECONDS
        late = time.monotonic() > turn_ends
        if not reader.ended and (stop() or (late and waiting(job, fair=True))):
            return False
    return True


def _end(claim: JobClaim) -> None:
    """What is left to be done when all rows are in slices."""
    job = claim.job
    judged = _judge(claim, job.source_bucket) if job.source_bucket else Judgement()
    saved = save_generated(claim) if job.manifest.saves_list else None
    with write():
        claim.lease.renew()
        _conclude(job, judged, saved)


def _look(claim: JobClaim) -> None:
    """The first look at a manifest that nobody has looked at: it tells its columns and its size."""
    manifest = claim.job.manifest
    if not manifest.bucket or manifest.size is not None:
        return
    s3 = stores.s3_for(claim.job.role)
    held_during(claim.lease, lambda: manifests.peek(manifest, s3, spool.storage))
    with write():
        claim.lease.renew()
        manifest.save(update_fields=["fields", "etag", "size", "total_bytes"])


def _require(claim: JobClaim) -> None:
    """What the job must have been created with, before a row is read."""
    job = claim.job
    for _, code, reason in lacking(job):
        raise JobFailure(code, reason)
    stores.s3_for(job.role)  # made here, since the threads below may not ask the database for it
    unasked = job.wire_form is not None and not job.checkpoint  # see create_job
    if job.report_enabled and (job.report_expected_owner or unasked):
        held_during(claim.lease, lambda: check_report(job))
    if job.manifest.saves_list and not job.checkpoint:
        generator = manifests.generator_of(job.manifest)
        held_during(claim.lease, lambda: check_output(job.role, generator, job.pk))


def _open(claim: JobClaim) -> Reader:
    """The manifest, proved to be the one that was handed in, from the checkpoint on."""
    job, manifest = claim.job, claim.job.manifest
    if manifest.is_of_tasks:
        return SelectedReader(manifest, job.checkpoint, partial(held_during, claim.lease))
    s3 = stores.s3_for(job.role)
    if manifest.upload and not job.checkpoint:
        _verify_upload(claim)
    if manifest.bucket:
        held_during(claim.lease, lambda: manifests.pin(manifest, s3))
    opening = partial(
        manifests.open_reader,
        manifest,
        s3,
        spool.storage,
        checkpoint=job.checkpoint,
        bucket=job.source_bucket,
    )
    return held_during(claim.lease, opening)


def _verify_upload(claim: JobClaim) -> None:
    manifest = claim.job.manifest
    digest = hashlib.sha256()
    with spool.open(manifest.upload) as file:
        for block in file.chunks(4 * 1024 * 1024):
            digest.update(block)
            claim.lease.renew_when_due()
    if digest.hexdigest() != manifest.sha256:
        raise JobFailure(
            "InvalidManifestContent", "The uploaded manifest in the spool is not what was uploaded."
        )


def _batch(claim: JobClaim, reader: Reader) -> list[Slice]:
    """Slices until it is time for a checkpoint, or the manifest ends."""
    job = claim.job
    written: list[Future[Slice]] = []
    batch_ends = time.monotonic() + CHECKPOINT_SECONDS
    with ThreadPoolExecutor(WRITERS, thread_name_prefix="slice") as writers:
        while len(written) < CHECKPOINT_SLICES and not reader.ended:
            number = job.slices_made + len(written) + 1
            size = slice_size(number, job.operation_type.largest_slice)
            rows = _read_on(claim, partial(_rows, reader, size, batch_ends), reader)
            if rows:
                written.append(writers.submit(write_slice, job, number, rows, job.epoch))
            if len(written) > WRITERS:
                held_during(claim.lease, written[-WRITERS].result)
            if time.monotonic() > batch_ends:
                break
        made = [held_during(claim.lease, slice_.result) for slice_ in written]
    if reader.ended and not made and not job.slices_made:
        # Nobody need ask a store about a bucket that is not known.
        raise manifests.EmptyManifest
    return made


def _read_on(claim: JobClaim, rows: Callable[[], list[bytes]], reader: Reader) -> list[bytes]:
    """In a thread, but for a reader that asks the database: that one keeps the lease itself."""
    return rows() if isinstance(reader, SelectedReader) else held_during(claim.lease, rows)


def _rows(reader: Reader, size: int, until: float) -> list[bytes]:
    """So many rows; fewer at the end of the manifest, or when it is time for a checkpoint."""
    rows: list[bytes] = []
    while len(rows) < size and not reader.ended:
        rows += reader.take(size - len(rows))
        if time.monotonic() > until:
            break
    return rows


def _checkpoint(claim: JobClaim, reader: Reader, made: list[Slice]) -> None:
    """The slices and how far the manifest is read, fenced by the lease and by the status."""
    job = claim.job
    progress = {
        "rows_read": job.rows_read + sum(slice_.size for slice_ in made),
        "slices_made": job.slices_made + len(made),
        "bytes_read": reader.bytes_read,
        "checkpoint": reader.checkpoint(),
        "source_bucket": reader.bucket,
        "errors": 0 if made else job.errors,  # only setbacks without a row between them add up
    }
    if not claim.lease.rows.filter(status=JobStatus.PREPARING).exists():
        raise LeaseLost("The job is not being prepared any more.")
    claim.lease.renew(**progress)
    Slice.objects.bulk_create(made, batch_size=100)
    for name, value in progress.items():
        setattr(job, name, value)


def _judge(claim: JobClaim, bucket: str) -> Judgement:
    """Whether bucket and store are fit for the job, before its first task."""
    role = claim.job.role
    stores.remember(role, held_during(claim.lease, lambda: stores.identity(role, bucket)))
    _check(claim, bucket)
    return probing.judge(claim.job, bucket, claim.lease.renew_when_due)


def _check(claim: JobClaim, bucket: str) -> None:
    """What makes every task of the job fail makes the job fail, before the first of them."""
    work, store = claim.job.work, stores.store_for(claim.job.role, retries=5)
    try:
        held_during(claim.lease, lambda: work.check(store, bucket))
    except Unfit as unfit:
        raise JobFailure(unfit.code, unfit.reason) from None


def _conclude(job: Job, judged: Judgement, saved: dict[str, Any] | None) -> None:
    """All rows are in slices: count them, and let the job wait for a person or for its turn."""
    waits = job.confirmation_required or judged.untried
    cause: dict[str, Any] = {}
    if judged.untried:
        cause["suspended_cause"] = f"{UNTRIED} {judged.untried}"[:1024]
    job.become(
        JobStatus.SUSPENDED if waits else JobStatus.READY,
        actor="system",
        reason="; ".join(filter(None, [f"{job.rows_read} tasks", judged.note])),
        start=frozenset({JobStatus.PREPARING}),
        total_tasks=job.rows_read,
        single_slice=job.slices_made == 1,
        generated_manifest=saved,
        owner="",
        lease_until=None,
        errors=0,
        **cause,
    )
