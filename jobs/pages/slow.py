"""Why a job is not faster, where there is a reason that people can know or do something about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F, Min, Sum
from django.db.models.functions import Now
from django.utils import timezone

from jobs.models import Job, Role, Slice
from jobs.pages.progress import MOVING, WAITING, Progress
from jobs.places import fits
from jobs.status import TO_PREPARE, JobStatus
from jobs.workers import LaneSeen, engine_runs, none_is_free, others_at_work

AT_THE_CEILING = 0.85
"""Of a ceiling; a lane that comes or goes leaves a part of it unused for a second."""
THROTTLED = 0.05
"""Of all replies; fewer refusals than that do not slow a job down."""
HOLDING = frozenset({JobStatus.ACTIVE, JobStatus.PAUSING})
"""Here a job has one of the places."""
MOST_AHEAD = 3
PATIENCE = timedelta(seconds=10)


@dataclass(frozen=True)
class Reason:
    """One of them; `jobs` are named with it, `at` is the moment that it tells of."""

    text: str
    jobs: Sequence[Progress] = ()
    at: datetime | None = None


def reasons(progress: Progress, lanes: Sequence[LaneSeen]) -> list[Reason]:
    """All that are known, none for a job that ends, or that a person paused."""
    if progress.job.state in WAITING and not progress.job.is_held:
        return _turn(progress)
    if progress.job.state in TO_PREPARE:
        return _to_prepare(progress)
    if progress.job.state not in MOVING:
        return []
    return [*_throttled(progress, lanes), *_ceilings(progress), *_to_come(progress)]


def _turn(progress: Progress) -> list[Reason]:
    """It waits: for its hours, or for a place that others have."""
    job, now = progress.job, timezone.now()
    if job.window and not job.window.is_open(now):
        opens = job.window.opens_after(now)
        return [Reason(f"It may run from {job.window}: next at", at=opens)]
    ours = Job.objects.of_account(job.account_id).filter(status__in=HOLDING)
    holding = list(ours.select_related("manifest").order_by("-priority", "created_at"))
    if fits(job, holding, settings.LADING_ACTIVE_JOBS) or not engine_runs():
        return []  # nobody is before it: the next second, or the next engine, will take it up
    told = "It waits for its turn: jobs of a higher priority, and older ones, go first."
    return [Reason(told, jobs=[Progress(other) for other in holding[:MOST_AHEAD]])]


def _to_prepare(progress: Progress) -> list[Reason]:
    """Nobody reads its list: that had a setback, or every worker is at something else."""
    job, now = progress.job, timezone.now()
    if job.not_before and job.not_before > now:
        return [Reason("Preparing it had a setback. The next try is", at=job.not_before)]
    is_held = progress.workers or (job.lease_until and job.lease_until > now)
    if is_held or now - job.created_at < PATIENCE or not none_is_free():
        return []
    told = (
        "It is prepared when a worker is free: all are at other jobs, and higher priorities go "
        "first."
    )
    return [Reason(told, jobs=_elsewhere(job))]


def _elsewhere(job: Job) -> list[Progress]:
    """Some of the jobs at which workers are, of those that whoever sees this one may see."""
    return [Progress(other) for other in others_at_work(job)[:MOST_AHEAD]]


def _throttled(progress: Progress, lanes: Sequence[LaneSeen]) -> Iterator[Reason]:
    """The store asks to slow down."""
    refused = sum(seen.lane.throttled for seen in lanes if not seen.silent)
    if refused and refused >= THROTTLED * (refused + progress.tasks_per_second):
        yield Reason(
            f"The store asks to slow down: of late it refused {_number(refused)} requests a second "
            "for now. They are sent again, more slowly; nothing is lost."
        )


def _ceilings(progress: Progress) -> Iterator[Reason]:
    """It is as fast as people said that it may be."""
    job = progress.job
    least = Role.objects.filter(job.role.same_store).aggregate(n=Min("requests_per_second"))["n"]
    if _is_at(job.requests_per_second, progress):
        yield Reason(
            f"It has reached its speed ceiling of {job.requests_per_second:,} requests a second."
        )
    elif _is_at(least, progress):
        yield Reason(
            f"It has reached the store's speed ceiling of {least:,} requests a second, which all "
            "jobs there share."
        )


def _is_at(ceiling: int | None, progress: Progress) -> bool:
    return bool(ceiling) and progress.tasks_per_second >= AT_THE_CEILING * (ceiling or 0)


def _to_come(progress: Progress) -> Iterator[Reason]:
    """Nobody works on it, or only tasks are left whose next try is later."""
    later = progress.job.slices.filter(state=Slice.State.READY, not_before__gt=Now())
    waiting = later.aggregate(n=Sum(F("size") - F("next_index")), at=Min("not_before"))
    if waiting["n"]:
        tasks = "1 task waits" if waiting["n"] == 1 else f"{waiting['n']:,} tasks wait"
        yield Reason(
            f"{tasks} to be tried again: the store failed or refused them before. The next try is",
            at=waiting["at"],
        )
    elif not progress.workers and _stands_still(progress) and none_is_free():
        yield Reason(
            "No worker is at it now: all are at other jobs.", jobs=_elsewhere(progress.job)
        )
    elif not progress.workers and _stands_still(progress) and engine_runs():
        yield Reason("No worker is at it now. What a lost one held is free when its lease ends.")


def _stands_still(progress: Progress) -> bool:
    """Nothing is done, and that is not only because it has just begun."""
    job = progress.job
    long = job.elapsed_active >= PATIENCE and not progress.rate_of_late
    return job.state == JobStatus.ACTIVE and long and progress.remaining > 0


def _number(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}"
