"""What each status does next, when nobody asks: run by every node's ticker and between the claims
of a lane.

Every step is safe to run at any time, by anybody, any number of times: it is a compare-and-swap on
what the rows say.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import timedelta

from django.conf import settings
from django.db.models import Exists, F, OuterRef

from jobs.database import write
from jobs.errors import InvalidTransition
from jobs.lanes import fence_off
from jobs.models import Job, JobEvent, Slice, recent
from jobs.status import JobStatus

logger = logging.getLogger(__name__)

CONFIRM_WITHIN = timedelta(days=30)


def advance() -> None:
    """Move on every job whose status has done its work."""
    complete()
    settle_pauses()
    promote()
    expire_unconfirmed()


def complete() -> None:
    """Active and Pausing jobs without unfinished slices are Completing."""
    slices = Slice.objects.filter(job=OuterRef("pk"))
    # Asked for one by one: each has an index of its own, in which those that are done are not.
    ready, running = (
        Exists(slices.filter(state=state)) for state in (Slice.State.READY, Slice.State.RUNNING)
    )
    done = Job.objects.filter(~ready, ~running, status__in=[JobStatus.ACTIVE, JobStatus.PAUSING])
    for job in done:
        with suppress(InvalidTransition):
            job.become(JobStatus.COMPLETING, actor="system")


def settle_pauses() -> None:
    """A Pausing job whose slices have all been given back is Paused; a sleeper's slices are fenced
    off with it.
    """
    for job in Job.objects.filter(status=JobStatus.PAUSING):
        with suppress(InvalidTransition), write():
            row = (
                Job.objects.select_for_update().filter(pk=job.pk, status=JobStatus.PAUSING).first()
            )
            if row and fence_off(row):
                row.become(JobStatus.PAUSED, actor="system")


def promote() -> None:
    """Hand out the LADING_ACTIVE_JOBS places: higher priority first, older first; only a higher one
    pre-empts.
    """
    waiting = [JobStatus.READY, JobStatus.PAUSED]
    if not Job.objects.filter(status__in=waiting).exists():
        return
    with write():
        rows = Job.objects.select_for_update().filter(
            status__in=[*waiting, JobStatus.ACTIVE, JobStatus.PAUSING]
        )
        jobs = sorted(rows.order_by("pk"), key=lambda job: (-job.priority, job.created_at))
        active = [job for job in jobs if job.state == JobStatus.ACTIVE]
        coming_free = sum(job.state == JobStatus.PAUSING for job in jobs)
        taken = len(active) + coming_free
        for job in (job for job in jobs if job.state in waiting):
            if taken < settings.LADING_ACTIVE_JOBS:
                job.become(JobStatus.ACTIVE, actor="system")
                taken += 1
            elif coming_free:
                coming_free -= 1
            elif active and active[-1].priority < job.priority:
                lowest = active.pop()
                lowest.become(
                    JobStatus.PAUSING, actor="system", reason=f"job {job.pk} has a higher priority"
                )
            else:
                break


def expire_unconfirmed() -> None:
    """Jobs that nobody confirmed for 30 days fail (spec.md 2.7)."""
    reason = "The job was not confirmed within 30 days."
    late = Job.objects.filter(
        status=JobStatus.SUSPENDED, suspended_at__lt=recent(CONFIRM_WITHIN.total_seconds())
    )
    for job in late:
        with suppress(InvalidTransition):
            job.become(
                JobStatus.FAILED,
                actor="system",
                reason=reason,
                start=frozenset({JobStatus.SUSPENDED}),
                failure_reasons=[{"FailureCode": "ConfirmationTimeout", "FailureReason": reason}],
            )


def fail(job: Job, code: str, reason: str) -> None:
    """End the job as a whole with a reason (spec.md 2.5), and fence off who works on it.

    A job that was ending already ends without a report; where the report could just not be
    delivered it stays in the spool.
    """
    job.refresh_from_db()
    end = {JobStatus.CANCELLING: JobStatus.CANCELLED, JobStatus.FAILING: JobStatus.FAILED}
    told = {"FailureCode": code[:64], "FailureReason": reason[:256]}
    changes = {
        "failure_reasons": job.failure_reasons + [told] * (told not in job.failure_reasons),
        "owner": "",
        "lease_until": None,
        "not_before": None,
        "errors": 0,
        "epoch": F("epoch") + 1,
    }
    if code == "ReportWriteFailed" and job.state in end:
        with write():
            Job.objects.filter(pk=job.pk, status=job.state).update(**changes)
            JobEvent.objects.create(job=job, actor="system", reason=reason[:1024])
        return
    with suppress(InvalidTransition):
        job.become(end.get(job.state, JobStatus.FAILING), actor="system", reason=reason, **changes)
