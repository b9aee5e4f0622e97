"""When failed tasks end the job as a whole, and how many rows may be started before it is known
(spec.md 2.4, design decision 10).

Judged on committed counters, inside each commit. Requests in flight may still be answered, so a
little more may be done than the decision was made on; docs/life_cycle.md says how much.
"""

from __future__ import annotations

from contextlib import suppress

from django.db.models import F, Q

from jobs.errors import InvalidTransition
from jobs.models import Job, Slice
from jobs.status import JobStatus
from operations.pace import FIRST_WINDOW

FIRST_DECISION = 1000
"""Tasks after which AWS's rule is judged first."""
LARGEST_WINDOW = 10_000

JUDGED = frozenset({JobStatus.ACTIVE, JobStatus.PAUSING})
CODE = "TaskFailureThresholdExceeded"


def allowance(job: Job, wanted: int, *, besides: Slice | None = None) -> int:
    """How many more rows of a job may be started now (design decision 10).

    Until the first thousand tasks are executed at most a thousand are outstanding, so that the
    first decision on AWS's failure threshold is exact. Call it with the job's row locked where the
    answer is acted upon.
    """
    judged_first = job.failure_rule == Job.FailureRule.HALF and job.total_tasks >= FIRST_DECISION
    if not judged_first or job.executed >= FIRST_DECISION:
        return wanted
    others = job.slices.exclude(pk=besides.pk) if besides else job.slices.all()
    return max(0, min(wanted, FIRST_DECISION - job.executed - others.rows_started()))


def widest(job: Job) -> int:
    """The most rows that a lane reserves at a time: up to half of what the job has executed, as by
    so much the failure threshold may be overshot.
    """
    return max(FIRST_WINDOW, min(LARGEST_WINDOW, job.executed // 2))


def judge(job: Job) -> None:
    """Move the job to Failing where it has failed too often; its row is locked and counted."""
    if job.state not in JUDGED:
        return
    match job.failure_rule:
        case Job.FailureRule.HALF:
            if job.executed >= FIRST_DECISION and job.failed * 2 > job.executed:
                told = f"{job.failed:,} of {job.executed:,} tasks failed"
                _fail(job, f"{told}, which is more than 50 percent.", Q(failed__gt=F("succeeded")))
        case Job.FailureRule.COUNT:
            if has_reached(job, job.failed):
                told = f"{job.failed:,} tasks failed"
                limit = f"{job.failure_limit:,}"
                _fail(job, f"{told}; the job was to stop after {limit}.", Q())


def has_reached(job: Job, failed: int) -> bool:
    """Whether so many failures are as many as the job may have, where it counts them."""
    counts = job.failure_rule == Job.FailureRule.COUNT and job.failure_limit is not None
    return counts and failed >= (job.failure_limit or 0)


def _fail(job: Job, reason: str, where: Q) -> None:
    with suppress(InvalidTransition):
        job.become(
            JobStatus.FAILING,
            actor="system",
            reason=reason,
            where=where,
            start=JUDGED,
            failure_reasons=[{"FailureCode": CODE, "FailureReason": reason}],
        )
