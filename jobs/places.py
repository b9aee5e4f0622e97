"""Which jobs may be Active: a number of places for each account, and one more for a small job.

Higher priority goes first, then the older job. Only a strictly higher priority takes a place from
another job (spec.md 2.6). The extra place is for jobs of a single slice alone, so that a small job
never waits behind huge ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from jobs.models import Job
from jobs.status import JobStatus


@dataclass(frozen=True, slots=True)
class Move:
    """A job that is to be Active, or Pausing with a reason."""

    job: Job
    status: JobStatus
    reason: str = ""


def moves(jobs: Sequence[Job], places: int, now: datetime) -> list[Move]:
    """What is to be done for the jobs of one account, of which `places` may be Active.

    `jobs` are Ready, Active, Pausing and Paused ones.
    """
    made = [
        Move(job, JobStatus.PAUSING, f"outside the hours in which it may run ({job.window})")
        for job in jobs
        if job.state == JobStatus.ACTIVE and not job.may_run(now)
    ]
    leaving = [move.job for move in made]
    holding = [job for job in jobs if job.state in (JobStatus.ACTIVE, JobStatus.PAUSING)]
    staying = [job for job in holding if job.state == JobStatus.ACTIVE and job not in leaving]
    for job in sorted(jobs, key=_rank):
        if job.state not in (JobStatus.READY, JobStatus.PAUSED) or not job.may_run(now):
            continue
        if fits(job, holding, places):
            made.append(Move(job, JobStatus.ACTIVE))
            holding.append(job)
        elif not fits(job, staying, places):
            victim = _victim(job, staying, places)
            if victim is None:
                continue
            reason = f"job {job.pk} has a higher priority"
            made.append(Move(victim, JobStatus.PAUSING, reason))
            staying.remove(victim)
        staying.append(job)  # at once, or when what is Pausing has left its place
    return made


def _rank(job: Job) -> tuple[int, datetime, object]:
    return -job.priority, job.created_at, job.pk


def fits(job: Job, holding: Sequence[Job], places: int) -> bool:
    """Whether there is a place for the job beside those; the first small one takes the extra."""
    small = any(other.single_slice for other in holding)
    return len(holding) - small < places or (job.single_slice and not small)


def _victim(job: Job, staying: Sequence[Job], places: int) -> Job | None:
    """The least of those of lower priority whose place would do."""
    for other in sorted(staying, key=_rank, reverse=True):
        others = [left for left in staying if left is not other]
        is_active = other.state == JobStatus.ACTIVE
        if is_active and other.priority < job.priority and fits(job, others, places):
            return other
    return None
