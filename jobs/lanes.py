"""Claim, lease, fence: who works on what, decided by the database (design decision 6).

A claim raises the row's epoch and sets its owner; every later write of the lane names both, so that
a lane that lost its lease can change nothing. All times in the database are the database's own; a
lane measures its own lease by the boot clock, which goes on while the machine is suspended.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, Now

from jobs.database import write
from jobs.leases import DatabaseClock, Lease, boot_clock, lease_end
from jobs.models import Job, Slice
from jobs.status import TO_FINISH, TO_PREPARE, JobStatus
from jobs.threshold import allowance, widest
from operations.pace import FIRST_WINDOW

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet

BEAT_SECONDS = 1.0
MOST_TO_PREPARE = 50
"""Of the jobs that wait to be prepared so many are looked at: a thousand may."""
DUE = Q(not_before=None) | Q(not_before__lte=Now())
GIVEN_BACK: dict[str, Any] = {
    "state": Slice.State.READY,
    "owner": "",
    "lease_until": None,
    "not_before": Now(),
}
"""A slice that waits from now on for whoever takes it next."""


@dataclass(slots=True)
class JobClaim:
    """Preparing or finishing a job."""

    job: Job
    lease: Lease
    owner: str

    def release(self, **changes: Any) -> None:
        """Give it back, in order."""
        with write():
            self.lease.rows.update(owner="", lease_until=None, **changes)


@dataclass(slots=True)
class SliceClaim:
    """Executing a slice. `doubt_upto`: rows before it may have been started by a lost lane."""

    job: Job
    slice: Slice
    lease: Lease
    owner: str
    crashed: bool
    doubt_upto: int
    clock: DatabaseClock

    def release(self, **changes: Any) -> None:
        """Give it back, in order: nothing of it is in flight."""
        upto = max(self.doubt_upto, self.slice.next_index)
        given = {**GIVEN_BACK, "started_upto": upto, **changes}
        with write():
            self.lease.rows.update(**given)


Claim = JobClaim | SliceClaim


# ---- claimable now: the one predicate of claim, ticker and watchdog


def waiting(above: Job | None = None, *, fair: bool = False) -> list[Job]:
    """The jobs that have work which could be claimed now, best first; `above`: only others of
    higher priority than that one. `fair`: or of its priority, where it has lanes to spare for them.
    """
    running = Slice.objects.filter(job=OuterRef("pk"), state=Slice.State.RUNNING)
    live = running.filter(lease_until__gte=Now())
    free = DUE & (Q(lease_until=None) | Q(lease_until__lt=Now()))
    busy = live.order_by().values("job").annotate(n=Count("pk")).values("n")
    jobs = Job.objects.annotate(lanes_at_work=Coalesce(Subquery(busy), 0))
    fewer = 0
    if above is not None:
        jobs = jobs.exclude(pk=above.pk).filter(priority__gte=above.priority)
        fewer = max(_lanes_of(above.pk) - 1, 1) if fair else 0
    at_work = Q(status=JobStatus.ACTIVE, held_by="")
    to_finish = free & Q(~Exists(live), status__in=TO_FINISH)
    to_prepare = jobs.filter(free, status__in=TO_PREPARE).order_by("-priority", "created_at")
    known = [*jobs.filter(at_work | to_finish), *to_prepare[:MOST_TO_PREPARE]]
    found = [job for job in known if not _is_equal(job, above) or _lanes(job) < fewer]
    return sorted(
        filter(_may_start, found), key=lambda job: (-job.priority, _lanes(job), random.random())
    )


def _is_equal(job: Job, other: Job | None) -> bool:
    return other is not None and job.priority == other.priority


def _lanes(job: Job) -> int:
    found: int = vars(job)["lanes_at_work"]
    return found


def _lanes_of(job_id: UUID) -> int:
    running = Slice.objects.filter(job=job_id, state=Slice.State.RUNNING)
    return running.filter(lease_until__gte=Now()).count()


def _may_start(job: Job) -> bool:
    """Whether an active job has a slice to claim; asked for in the order of an index, as PostgreSQL
    would look for any such slice among all that are done.
    """
    return job.state != JobStatus.ACTIVE or any(found.first() for found in claimable(job))


def claimable(job: Job) -> Iterator[QuerySet[Slice]]:
    """The slices of an active job that may be claimed now, best first.

    Slices of lost lanes come first, and those with rows that were reserved before: they take
    nothing from the allowance. Fresh ones follow while the job may start more rows at all.
    """
    lost = job.slices.filter(state=Slice.State.RUNNING, lease_until__lt=Now())
    yield lost.order_by("lease_until")
    ready = job.slices.filter(DUE, state=Slice.State.READY).order_by("number")
    yield ready.filter(started_upto__gt=F("next_index"))
    if allowance(job, FIRST_WINDOW) > 0:
        yield ready


# ---- claiming


def claim(
    owner: str, above: Job | None = None, *, window: int = FIRST_WINDOW, fair: bool = False
) -> Claim | None:
    """Take the best piece of work there is: highest priority first, then the job with the fewest
    lanes; `above` and `fair` as for `waiting`. Up to `window` rows may be started right after.
    """
    for job in waiting(above, fair=fair):
        active = job.state == JobStatus.ACTIVE
        taken = claim_slice(job, owner, window=window) if active else claim_job(job, owner)
        if taken:
            return taken
    return None


def claim_job(job: Job, owner: str) -> JobClaim | None:
    """Take the preparing or finishing of a job, unless another lane was quicker.

    Finishing begins when no slice is under a live lease; the epoch of every expired one is raised
    in the same transaction, so that a sleeper can commit nothing any more.
    """
    now = boot_clock()
    with write():
        row = (
            Job.objects.select_for_update()
            .filter(pk=job.pk, epoch=job.epoch, status=job.status)
            .first()
        )
        if row is None or (row.state in TO_FINISH and not fence_off(row)):
            return None
        fence = Q(pk=row.pk, epoch=row.epoch + 1, owner=owner)
        Job.objects.filter(pk=row.pk).update(
            epoch=F("epoch") + 1, owner=owner, lease_until=lease_end(), not_before=None
        )
    row.epoch += 1
    return JobClaim(row, Lease(Job.objects.filter(fence), now), owner)


def fence_off(job: Job) -> bool:
    """Take the expired slices of a locked job from their sleepers; False while a slice is under a
    live lease.
    """
    running = job.slices.filter(state=Slice.State.RUNNING)
    if running.filter(lease_until__gte=Now()).exists():
        return False
    expired = list(running.values_list("pk", flat=True))
    locked = list(
        job.slices.select_for_update(skip_locked=True)
        .filter(pk__in=expired)
        .values_list("pk", flat=True)
    )
    if len(locked) < len(expired):
        return False
    job.slices.filter(pk__in=locked).update(
        **GIVEN_BACK, epoch=F("epoch") + 1, crashes=F("crashes") + 1
    )
    return True


def claim_slice(job: Job, owner: str, *, window: int = FIRST_WINDOW) -> SliceClaim | None:
    """Take a slice of an active job: one whose lane is gone first, then the next in order."""
    now = boot_clock()
    with write():
        row = Job.objects.select_for_update().filter(pk=job.pk, status=JobStatus.ACTIVE).first()
        if row is None:
            return None
        for slices in claimable(row):
            if found := slices.select_for_update(skip_locked=True).first():
                return _take(row, found, owner, now, window)
    return None


def _take(job: Job, found: Slice, owner: str, now: float, window: int) -> SliceClaim:
    clock = DatabaseClock.ask(Job.objects.filter(pk=job.pk))
    grant = allowance(job, min(window, widest(job)), besides=found)
    waits_since = found.not_before or found.lease_until  # given back, or lost with its lane
    if found.throttled_since and waits_since:
        # Waiting for a turn, or for a paused job, is not the store's doing.
        late = max(clock.now() - waits_since, timedelta())
        found.throttled_since += late - late % timedelta(minutes=1)
    crashed = found.state == Slice.State.RUNNING
    doubt_upto = found.started_upto
    found.started_upto = max(doubt_upto, min(found.next_index + grant, found.size))
    found.epoch += 1
    found.crashes += crashed
    Slice.objects.filter(pk=found.pk).update(
        state=Slice.State.RUNNING,
        epoch=found.epoch,
        owner=owner,
        lease_until=lease_end(),
        not_before=None,
        crashes=found.crashes,
        throttled_since=found.throttled_since,
        started_upto=found.started_upto,
    )
    fence = Slice.objects.filter(
        pk=found.pk, epoch=found.epoch, owner=owner, state=Slice.State.RUNNING
    )
    return SliceClaim(job, found, Lease(fence, now), owner, crashed, doubt_upto, clock)
