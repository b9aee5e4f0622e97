"""What a person may do. One verb for all doors: pages, JSON API, admin, commands (design decision
17).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Q

from jobs import background
from jobs.checked import ceiling, checked_reason, name_of
from jobs.database import write
from jobs.errors import Conflict, InvalidRequest, InvalidTransition, JobFailure
from jobs.functions import remove_function, set_function
from jobs.intake import store_upload
from jobs.linting import check_manifest, keep_in_s3, keep_list, mend_manifest
from jobs.models import UNTRIED, Job, JobEvent
from jobs.probing import matrix, recheck
from jobs.roles import probe_role, set_role, waive
from jobs.status import CONFIRMABLE, FINAL, TOUCHED, UNTOUCHED, JobStatus
from jobs.submission import create_job
from jobs.visible import job_of, jobs_of, manifest_of, manifests_of, role_of, roles_of
from jobs.workers import alarms_of, workers_of

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

    User = AbstractBaseUser | AnonymousUser

__all__ = [
    "alarms_of",
    "cancel_job",
    "check_manifest",
    "confirm_job",
    "create_job",
    "job_of",
    "jobs_of",
    "keep_in_s3",
    "keep_list",
    "manifest_of",
    "manifests_of",
    "matrix",
    "mend_manifest",
    "probe_role",
    "remove_function",
    "role_of",
    "roles_of",
    "set_function",
    "set_priority",
    "set_role",
    "set_speed",
    "store_upload",
    "waive",
    "workers_of",
]


def confirm_job(job: Job, user: User, *, reason: str = "", accept_untried: bool = False) -> None:
    """Let a suspended job run. Raises InvalidTransition from any other status, and InvalidRequest
    where nobody knows what the store will do and that is not accepted in so many words; Conflict
    where the store was found out while the job waited.
    """
    if job.can_confirm:
        try:
            recheck(job)
        except JobFailure as failure:
            raise Conflict(failure.reason) from None
    done = "confirmed, with a store that was not tried" if accept_untried else "confirmed"
    try:
        job.become(
            JobStatus.READY,
            actor=name_of(user),
            reason=f"{done}: {reason}" if accept_untried and reason else reason or done,
            start=CONFIRMABLE,
            where=Q() if accept_untried else ~Q(suspended_cause__startswith=UNTRIED),
            status_update_reason=checked_reason(reason),
        )
    except InvalidTransition:
        if job.can_confirm and job.untried:
            raise InvalidRequest({"accept_untried": [_untried(job)]}) from None
        raise
    background.ring()


def _untried(job: Job) -> str:
    return (
        f"Nobody knows what this store does when it is asked for {job.operation}, and some stores "
        f"destroy objects: {job.untried} Let the role write scratch objects and create the job "
        "again, or confirm with accept_untried."
    )


def cancel_job(job: Job, user: User, *, reason: str = "") -> None:
    """End the job: at once if nothing was started, else after requests in flight have drained.

    Raises InvalidTransition where the job is ending already.
    """
    told: dict[str, Any] = {
        "actor": name_of(user),
        "reason": reason or "cancelled",
        "status_update_reason": checked_reason(reason),
    }
    try:
        job.become(JobStatus.CANCELLED, start=UNTOUCHED, **told)
    except InvalidTransition:
        job.become(JobStatus.CANCELLING, start=TOUCHED, **told)
    background.ring()


def set_priority(job: Job, user: User, priority: int) -> None:
    """Change the priority, 0 to 2147483647, in any status that is not final."""
    if (
        isinstance(priority, bool)
        or not isinstance(priority, int)
        or not 0 <= priority <= 2_147_483_647
    ):
        raise InvalidRequest(
            {"priority": ["Give a whole number from 0 to 2147483647; higher goes first."]}
        )
    with write():
        changed = Job.objects.filter(pk=job.pk).exclude(status__in=FINAL).update(priority=priority)
        if changed:
            JobEvent.objects.create(
                job=job, actor=name_of(user), reason=f"priority set to {priority}"
            )
    job.refresh_from_db()
    if not changed:
        raise InvalidTransition(f"The job is {job.state.value}; its priority can change no more.")
    background.ring()


def set_speed(job: Job, user: User, rate: object) -> None:
    """Change the ceiling on the job's requests per second, also while it runs; None removes it.

    Its lanes hear of it with their next beat.
    """
    rate = ceiling(rate)
    told = f"set to {rate} requests per second" if rate else "removed"
    with write():
        unfinished = Job.objects.filter(pk=job.pk).exclude(status__in=FINAL)
        changed = unfinished.update(requests_per_second=rate)
        if changed:
            JobEvent.objects.create(job=job, actor=name_of(user), reason=f"speed ceiling {told}")
    job.refresh_from_db()
    if not changed:
        raise InvalidTransition(f"The job is {job.state.value}; its speed can change no more.")
