"""What is removed, and when: jobs 90 days after their end, lists that no job uses after 7 days, and
sessions that are over.

Nothing in a user's bucket is touched. A job's files go before its rows, and the job itself goes
last: so a sweep that dies at any instant is finished by the next one. A list's row goes before its
file, so that no job can be made of a list that has lost its file; a file left behind is an orphan.
Every engine sweeps; two at once only share the work.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from django.contrib.sessions.models import Session
from django.db import connections
from django.db.models import Exists, Model, OuterRef
from django.db.models.functions import Now

from jobs.database import write
from jobs.models import (
    Job,
    JobEvent,
    Manifest,
    Part,
    ReportFile,
    Slice,
    Tally,
    TaskResult,
    Throughput,
)
from jobs.spool import spool

if TYPE_CHECKING:
    from uuid import UUID

logger = logging.getLogger(__name__)

SWEEP_SECONDS = 300.0
UNUSED = timedelta(days=7)
"""So long a list is kept that no job uses."""
ROWS_AT_A_TIME = 200
"""Removed in one transaction, which keeps other writers of SQLite waiting."""
ROWS_OF_A_JOB: tuple[tuple[type[Model], str], ...] = (
    (Part, "id"),
    (Slice, "-number"),  # a retry slice goes before the slice that it came from
    (TaskResult, "id"),
    (Tally, "id"),
    (Throughput, "job"),
    (ReportFile, "id"),
    (JobEvent, "id"),
)


def start() -> Event:
    """Sweep now and again, in a thread of its own: a slow disk must delay nobody. It ends with the
    process, or when the event is set.
    """
    stop = Event()
    Thread(target=_keep_sweeping, args=[stop], name="retention", daemon=True).start()
    return stop


def _keep_sweeping(stop: Event) -> None:
    while True:
        try:
            sweep()
        except Exception:
            logger.exception("What is no longer kept could not be removed; it is tried again.")
        finally:
            connections.close_all()
        if stop.wait(SWEEP_SECONDS):
            return


def sweep() -> None:
    """Remove what is no longer kept. Jobs come first: on a full disk they make room."""
    for job_id in _expired():
        try:
            remove_job(job_id)
        except Exception:
            logger.exception("Job %s could not be removed; it is tried again.", job_id)
    remove_unused_lists()
    remove_orphans()
    with write():
        Session.objects.filter(expire_date__lt=Now()).delete()


# ---- jobs


def _expired() -> Iterator[UUID]:
    """The jobs to remove, some at a time; one that cannot be removed does not hold up the rest."""
    jobs = Job.objects.expired().order_by("pk").values_list("pk", flat=True)
    some = list(jobs[:ROWS_AT_A_TIME])
    while some:
        yield from some
        some = list(jobs.filter(pk__gt=some[-1])[:ROWS_AT_A_TIME])


def remove_job(job_id: UUID) -> None:
    """Remove a job whose time is over: its files, its rows, itself; else do nothing."""
    if not _is_over(job_id):
        return
    spool.delete_all(f"jobs/{job_id}")
    for model, order in ROWS_OF_A_JOB:
        while _remove_rows(job_id, model, order):
            pass
    with write():
        removed, _ = Job.objects.expired().filter(pk=job_id).delete()
    if removed:
        logger.info("Job %s was removed, as it ended long ago.", job_id)


def _is_over(job_id: UUID) -> bool:
    """Whether a job is to be removed. Whoever makes another one of its tasks locks its row too, and
    looks whether it is still seen: so either that job is found here, or it is refused there.
    """
    with write():
        Job.objects.select_for_update().filter(pk=job_id).first()
        return Job.objects.expired().filter(pk=job_id).exists()


def _remove_rows(job_id: UUID, model: type[Model], order: str) -> int:
    """Remove some rows of a job, in one statement and without loading them.

    The job's row is locked first: two nodes that remove the same rows wait for each other there.
    """
    with write():
        if not Job.objects.expired().select_for_update().filter(pk=job_id).exists():
            return 0
        rows = model._default_manager.filter(job=job_id).order_by(order)
        return _remove(model, list(rows.values_list("pk", flat=True)[:ROWS_AT_A_TIME]))


def _remove(model: type[Model], keys: list[Any]) -> int:
    """A plain DELETE: QuerySet.delete would load slices and lists to look for what hangs on
    them.
    """
    rows = model._default_manager.filter(pk__in=keys)
    return rows._raw_delete(rows.db)


# ---- lists


def remove_unused_lists() -> None:
    """Remove manifests that no job uses, those of removed jobs among them, and their files."""
    used = Job.objects.filter(manifest=OuterRef("pk"))
    unused = Manifest.objects.filter(~Exists(used), created_at__lte=Now() - UNUSED)
    # Looked for without a lock, as that takes a while; looked at again under it.
    while found := list(unused.values_list("pk", flat=True)[:ROWS_AT_A_TIME]):
        with write():
            still = unused.select_for_update().filter(pk__in=found)
            uploads = dict(still.values_list("pk", "upload"))
            _remove(Manifest, list(uploads))
        for upload in filter(None, uploads.values()):
            spool.delete(upload)


def remove_orphans() -> None:
    """Remove uploads that no manifest names: of requests that were cut off."""
    stale = spool.stale("uploads", UNUSED)
    while names := list(islice(stale, ROWS_AT_A_TIME)):
        manifests = Manifest.objects.filter(upload__in=names)
        known = set(manifests.values_list("upload", flat=True))
        for name in names:
            if name not in known:
                spool.delete(name)
