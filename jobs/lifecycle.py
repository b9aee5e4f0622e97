"""What each status does next, when nobody asks: run by every node's ticker and between the claims
of a lane.

Every step is safe to run at any time, by anybody, any number of times: it is a compare-and-swap on
what the rows say.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import DatabaseError
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now

from jobs.database import alone, write
from jobs.delivery import IMPOSSIBLE
from jobs.errors import InvalidTransition
from jobs.lanes import fence_off
from jobs.models import Job, JobEvent, Slice, recent
from jobs.places import Move, moves
from jobs.status import JobStatus
from jobs.windows import Window

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet

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
    """A Pausing job whose slices have all been given back is Paused, if any are left; a sleeper's
    slices are fenced off with it.
    """
    for job in Job.objects.filter(status=JobStatus.PAUSING):
        with suppress(InvalidTransition), write():
            row = (
                Job.objects.select_for_update().filter(pk=job.pk, status=JobStatus.PAUSING).first()
            )
            if row and fence_off(row):
                left = row.slices.filter(state=Slice.State.READY).exists()
                row.become(JobStatus.PAUSED if left else JobStatus.COMPLETING, actor="system")


def promote() -> None:
    """Hand out the LADING_ACTIVE_JOBS places of each account, and take them back outside the hours
    of a job. Looks first, and locks only where there is something to be done.
    """
    for account_id in _accounts_in_line():
        try:
            _promote(account_id)
        except DatabaseError:
            raise
        except Exception:  # what is wrong with the jobs of one account stops no other
            logger.exception("The places of account %s could not be handed out", account_id)


def _promote(account_id: str) -> None:
    if not _moves(account_id):
        return
    with write():
        alone(f"places of {account_id}")
        for move in _moves(account_id):
            with suppress(InvalidTransition):
                move.job.become(
                    move.status, actor="system", reason=move.reason, where=Q(held_by="")
                )


def _accounts_in_line() -> list[str]:
    """The accounts with jobs that wait for a place, or may have to leave one."""
    waiting = Q(status__in=[JobStatus.READY, JobStatus.PAUSED], held_by="")
    hourly = Q(status=JobStatus.ACTIVE, run_window__isnull=False)
    jobs = Job.objects.filter(waiting | hourly).order_by()
    return list(jobs.values_list("account_id", flat=True).distinct())


def _moves(account_id: str) -> list[Move]:
    """What is to be done for the jobs of an account.

    Of those in line only as many are read as there are places: a thousand may wait.
    """
    places = settings.LADING_ACTIVE_JOBS
    jobs = Job.objects.filter(account_id=account_id).annotate(now=Now())
    holding = jobs.filter(status__in=[JobStatus.ACTIVE, JobStatus.PAUSING])
    waiting = jobs.filter(status__in=[JobStatus.READY, JobStatus.PAUSED], held_by="").order_by(
        "-priority", "created_at", "pk"
    )
    at_any_time = waiting.filter(run_window__isnull=True)
    found = {
        job.pk: job
        for some in (
            holding,
            at_any_time[: places + 1],
            at_any_time.filter(single_slice=True)[:1],
            jobs.filter(pk__in=_first_in_their_hours(waiting, places)),
        )
        for job in some
    }
    if not found:
        return []
    now: datetime = vars(next(iter(found.values())))["now"]
    return moves(list(found.values()), places, now)


def _first_in_their_hours(waiting: QuerySet[Job], places: int) -> list[UUID]:
    """As many of the jobs in line that have hours of their own, and may run now, as there are
    places, and the first small one. Hours that many jobs share are looked at once.
    """
    hourly = waiting.filter(run_window__isnull=False).annotate(at=Now())
    are_open: dict[str, bool] = {}
    first: list[UUID] = []
    small: list[UUID] = []
    for pk, hours, is_small, now in hourly.values_list("pk", "run_window", "single_slice", "at"):
        key = repr(hours)
        if key not in are_open:
            are_open[key] = Window.model_validate(hours).is_open(now)
        if are_open[key]:
            (small if is_small and not small else first).append(pk)
        if len(first) > places and small:
            break
    return first[: places + 1] + small


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


def fail(job: Job, code: str, reason: str, *, by_slice: bool = False) -> None:
    """End the job as a whole with a reason (spec.md 2.5), and fence off who works on it.

    Nothing is done where another lane took over the preparing or finishing of the job by now: its
    word counts. A job whose finishing fails while it is ending already ends without a report; where
    the report could just not be delivered it stays in the spool. `by_slice`: whoever says so works
    on a slice; then others may too, and a job that is ending is left to its finishing.
    """
    fence = Q(epoch=job.epoch)
    job.refresh_from_db()
    end = {JobStatus.CANCELLING: JobStatus.CANCELLED, JobStatus.FAILING: JobStatus.FAILED}
    if by_slice and job.state in end:
        return
    told = {"FailureCode": code[:64], "FailureReason": reason[:256]}
    changes = {
        "failure_reasons": job.failure_reasons + [told] * (told not in job.failure_reasons),
        "owner": "",
        "lease_until": None,
        "not_before": None,
        "errors": 0,
        "epoch": F("epoch") + 1,
    }
    if code in IMPOSSIBLE and job.state in end:
        with write():
            if Job.objects.filter(fence, pk=job.pk, status=job.state).update(**changes):
                JobEvent.objects.create(job=job, actor="system", reason=reason[:1024])
        return
    status = end.get(job.state, JobStatus.FAILING)
    with suppress(InvalidTransition):
        job.become(status, actor="system", reason=reason, where=fence, **changes)
