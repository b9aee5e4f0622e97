"""What a person may do. One verb for all doors: pages, JSON API, admin, commands (design decision
17).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from django.core.exceptions import ValidationError
from django.db.models import Q

from jobs import background, probing, stores
from jobs.database import write
from jobs.errors import Conflict, InvalidRequest, InvalidTransition, NotPermitted
from jobs.models import UNTRIED, Job, JobEvent, Role, Trial, Waiver
from jobs.probing import matrix
from jobs.requests import BUCKET
from jobs.status import CONFIRMABLE, FINAL, TOUCHED, UNTOUCHED, JobStatus
from jobs.submission import create_job, store_upload
from jobs.visible import job_of, jobs_of, manifests_of, role_of, roles_of
from operations import OPERATION_BY_NAME
from operations.probe import PLANS, Finding

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
    "matrix",
    "probe_role",
    "role_of",
    "roles_of",
    "set_priority",
    "set_role",
    "store_upload",
    "waive",
]


def confirm_job(job: Job, user: User, *, reason: str = "", accept_untried: bool = False) -> None:
    """Let a suspended job run. Raises InvalidTransition from any other status, and InvalidRequest
    where nobody knows what the store will do and that is not accepted in so many words.
    """
    done = "confirmed, with a store that was not tried" if accept_untried else "confirmed"
    try:
        job.become(
            JobStatus.READY,
            actor=_name(user),
            reason=f"{done}: {reason}" if accept_untried and reason else reason or done,
            start=CONFIRMABLE,
            where=Q() if accept_untried else ~Q(suspended_cause__startswith=UNTRIED),
            status_update_reason=_reason(reason),
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


def set_role(
    account_id: str, name: str, *, secret_access_key: str | None = None, **values: str
) -> Role:
    """Make or change a role. Raises InvalidRequest."""
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


def probe_role(role: Role, bucket: str, operations: Sequence[str] = ()) -> None:
    """Try all operations that can be tried, or the named ones, at the role's store, on scratch
    objects in the bucket; `matrix` has what came. Raises InvalidRequest.
    """
    names = [name for name in OPERATION_BY_NAME if name in PLANS]
    faults: dict[str, list[str]] = {}
    if role.is_aws:
        faults["role"] = ["The role is at AWS itself, which is not tried."]
    if unknown := [name for name in operations if name not in names]:
        told = f"{', '.join(map(str, unknown))} cannot be tried; choose from {', '.join(names)}."
        faults["operations"] = [told]
    if not BUCKET.fullmatch(bucket := bucket or role.scratch_bucket):
        faults["bucket"] = ["Name a bucket that the role may write a scratch object to."]
    if faults:
        raise InvalidRequest(faults)
    stores.identify(role, bucket)
    try:
        probing.try_operations(role, bucket, [*operations] or names, lambda: None)
    except (BotoCoreError, ClientError) as error:
        raise InvalidRequest({"role": [stores.unreachable(role, error)]}) from None


def waive(role: Role, user: User, operation: str, *, reason: str) -> Waiver:
    """Let jobs of the role do an operation that its store ignores. For operators alone.

    Raises NotPermitted, for an operation that destroys data to everybody; Conflict where there is
    nothing to override; InvalidRequest without a reason.
    """
    if not getattr(user, "is_staff", False):
        raise NotPermitted("Only an operator may override what a trial found.")
    trial = Trial.objects.standing(role).filter(operation=operation).first()
    if trial and trial.found == Finding.DESTROYS:
        raise NotPermitted("The store destroys data; nobody can override that.")
    if trial is None or trial.found != Finding.IGNORED:
        raise Conflict(f"No trial found that this store ignores {operation}.")
    if not reason.strip():
        raise InvalidRequest({"reason": ["Say why; it is kept with your name."]})
    with write():
        return Waiver.objects.create(
            role=role,
            endpoint_url=role.endpoint,
            operation=operation,
            reason=_reason(reason.strip()),
            actor=_name(user),
        )


def _reason(reason: str) -> str:
    if len(reason) > 256:
        raise InvalidRequest({"reason": ["A reason has at most 256 characters."]})
    return reason


def _name(user: User) -> str:
    return user.get_username() or "anonymous"
