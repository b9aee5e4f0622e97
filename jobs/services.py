"""What a person may do. One verb for all doors: pages, JSON API, admin, commands (design decision
17).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError

from jobs import background
from jobs.accounts import MOST_REQUESTS_PER_SECOND
from jobs.database import write
from jobs.errors import InvalidRequest, InvalidTransition
from jobs.models import Job, JobEvent, Role
from jobs.status import CONFIRMABLE, FINAL, TOUCHED, UNTOUCHED, JobStatus
from jobs.submission import create_job, store_upload
from jobs.visible import job_of, jobs_of, manifests_of, roles_of

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

    User = AbstractBaseUser | AnonymousUser

__all__ = [
    "cancel_job",
    "confirm_job",
    "create_job",
    "job_of",
    "jobs_of",
    "manifests_of",
    "roles_of",
    "set_priority",
    "set_role",
    "set_speed",
    "store_upload",
]


def confirm_job(job: Job, user: User, *, reason: str = "") -> None:
    """Let a suspended job run. Raises InvalidTransition from any other status."""
    job.become(
        JobStatus.READY,
        actor=_name(user),
        reason=reason or "confirmed",
        start=CONFIRMABLE,
        status_update_reason=_reason(reason),
    )
    background.ring()


def cancel_job(job: Job, user: User, *, reason: str = "") -> None:
    """End the job: at once if nothing was started, else after requests in flight have drained.

    Raises InvalidTransition where the job is ending already.
    """
    told: dict[str, Any] = {
        "actor": _name(user),
        "reason": reason or "cancelled",
        "status_update_reason": _reason(reason),
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
                job=job, actor=_name(user), reason=f"priority set to {priority}"
            )
    job.refresh_from_db()
    if not changed:
        raise InvalidTransition(f"The job is {job.state.value}; its priority can change no more.")
    background.ring()


def set_speed(job: Job, user: User, rate: object) -> None:
    """Change the ceiling on the job's requests per second, also while it runs; None removes it.

    Its lanes hear of it with their next beat.
    """
    rate = _ceiling(rate)
    told = f"set to {rate} requests per second" if rate else "removed"
    with write():
        unfinished = Job.objects.filter(pk=job.pk).exclude(status__in=FINAL)
        changed = unfinished.update(requests_per_second=rate)
        if changed:
            JobEvent.objects.create(job=job, actor=_name(user), reason=f"speed ceiling {told}")
    job.refresh_from_db()
    if not changed:
        raise InvalidTransition(f"The job is {job.state.value}; its speed can change no more.")


def set_role(
    account_id: str, name: str, *, secret_access_key: str | None = None, **values: str | int | None
) -> Role:
    """Make or change a role. Raises InvalidRequest."""
    if "requests_per_second" in values:
        values["requests_per_second"] = _ceiling(values["requests_per_second"])
    role = Role.objects.filter(account_id=account_id, name=name).first() or Role(
        account_id=account_id, name=name
    )
    for field, value in values.items():
        setattr(role, field, value)
    if secret_access_key is not None:
        role.secret_access_key = secret_access_key
    if not role.sealed_secret:
        raise InvalidRequest({"secret_access_key": ["A new role needs a secret access key."]})
    try:
        role.full_clean()
    except ValidationError as error:
        raise InvalidRequest(error.message_dict) from None
    with write():
        role.save()
    return role


def _ceiling(rate: object) -> int | None:
    """A ceiling as it was handed in; True would pass for 1."""
    if rate is None:
        return None
    if (
        isinstance(rate, int)
        and not isinstance(rate, bool)
        and 1 <= rate <= MOST_REQUESTS_PER_SECOND
    ):
        return rate
    told = f"Give a whole number of requests per second, 1 to {MOST_REQUESTS_PER_SECOND}, or none."
    raise InvalidRequest({"requests_per_second": [told]})


def _reason(reason: str) -> str:
    if len(reason) > 256:
        raise InvalidRequest({"reason": ["A reason has at most 256 characters."]})
    return reason


def _name(user: User) -> str:
    return user.get_username() or "anonymous"
