"""What a person may do: one verb for all doors, pages, JSON API, admin and commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.db.models.functions import Now

from jobs import background
from jobs.administration import (
    add_function,
    add_role,
    check_role,
    delete_function,
    delete_role,
    function_of,
    functions_of,
    place_member,
    save_function,
    save_role,
)
from jobs.browsing import ask_store, look_around
from jobs.changing import set_priority, set_speed, set_window
from jobs.checked import checked_reason, name_of
from jobs.database import write
from jobs.deciding import may_cancel, require_operator, require_owner
from jobs.errors import Conflict, InvalidRequest, InvalidTransition, JobFailure
from jobs.functions import remove_function, set_function
from jobs.intake import store_upload
from jobs.keys import (
    access_keys_of,
    end_credential,
    issue_access_key,
    issue_token,
    revoke_access_key,
    revoke_credential,
    revoke_token,
    tokens_of,
)
from jobs.linting import (
    check_manifest,
    keep_in_s3,
    keep_list,
    list_in_s3,
    mend_manifest,
    read_list_as,
)
from jobs.looking import look_at_bucket
from jobs.membership import add_member, member_of, members_of, set_active, set_rank
from jobs.models import UNTRIED, Job, JobEvent
from jobs.parents import list_of_tasks
from jobs.probing import matrix, recheck
from jobs.retrying import retry_tasks
from jobs.roles import probe_role, set_role, try_store, waive
from jobs.status import CANCELLABLE, CONFIRMABLE, TOUCHED, UNTOUCHED, JobStatus
from jobs.submission import create_job, rehearse_job
from jobs.tagging import set_tags
from jobs.visible import job_of, jobs_of, manifest_of, manifests_of, role_of, roles_of
from jobs.workers import alarms_of, workers_of

if TYPE_CHECKING:
    from jobs.members import User

__all__ = [
    "access_keys_of",
    "add_function",
    "add_member",
    "add_role",
    "alarms_of",
    "ask_store",
    "cancel_job",
    "check_manifest",
    "check_role",
    "confirm_job",
    "create_job",
    "delete_function",
    "delete_role",
    "end_credential",
    "function_of",
    "functions_of",
    "hold_job",
    "issue_access_key",
    "issue_token",
    "job_of",
    "jobs_of",
    "keep_in_s3",
    "keep_list",
    "list_in_s3",
    "list_of_tasks",
    "look_around",
    "look_at_bucket",
    "manifest_of",
    "manifests_of",
    "matrix",
    "may_cancel",
    "member_of",
    "members_of",
    "mend_manifest",
    "pause_job",
    "place_member",
    "probe_role",
    "read_list_as",
    "rehearse_job",
    "remove_function",
    "resume_job",
    "retry_tasks",
    "revoke_access_key",
    "revoke_credential",
    "revoke_token",
    "role_of",
    "roles_of",
    "save_function",
    "save_role",
    "set_active",
    "set_function",
    "set_priority",
    "set_rank",
    "set_role",
    "set_speed",
    "set_tags",
    "set_window",
    "store_upload",
    "tokens_of",
    "try_store",
    "waive",
    "workers_of",
]


def confirm_job(job: Job, user: User, *, reason: str = "", accept_untried: bool = False) -> None:
    """Let a suspended job run. Raises InvalidTransition from any other status, and InvalidRequest
    where nobody knows what the store will do and that is not accepted in so many words; Conflict
    where the store was found out while the job waited.
    """
    require_operator(user, job, "Confirming a job")
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
    """End the job: at once if nothing was started, else after requests in flight have drained. Who
    created it may cancel it. Raises InvalidTransition where the job is ending already.
    """
    require_owner(user, job, "Cancelling the job")
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


def pause_job(job: Job, user: User, *, reason: str = "") -> None:
    """Keep the job from running until a person lets it go on, whatever its priority is.

    An active one drains and is Paused; one that is not, goes on being prepared or stays Ready.
    Raises InvalidTransition where the job is paused or ending already.
    """
    require_operator(user, job, "Pausing a job")
    hold_job(job, name_of(user), checked_reason(reason))


def hold_job(job: Job, actor: str, reason: str) -> None:
    """The same for an actor that is no user, such as a restore."""
    held = {"held_by": actor, "held_reason": reason, "held_at": Now()}
    with write():
        row = Job.objects.select_for_update().get(pk=job.pk)
        if row.is_held:
            raise InvalidTransition(f"The job is paused already, by {row.held_by}.")
        if not row.can_pause:
            raise InvalidTransition(f"The job is {row.state.value}; it cannot be paused any more.")
        Job.objects.filter(pk=job.pk).update(**held)
        told = f"paused: {reason}" if reason else "paused"
        if row.state == JobStatus.ACTIVE:
            row.become(JobStatus.PAUSING, actor=actor, reason=told)
        else:
            JobEvent.objects.create(job=row, actor=actor, reason=told)
    job.refresh_from_db()


def resume_job(job: Job, user: User, *, reason: str = "") -> None:
    """Let a job that a person paused go on, when its turn comes. Raises InvalidTransition."""
    require_operator(user, job, "Resuming a job")
    told = f"resumed: {reason}" if checked_reason(reason) else "resumed"
    with write():
        held = Job.objects.exclude(held_by="").filter(status__in=CANCELLABLE)
        lifted = held.filter(pk=job.pk).update(held_by="", held_reason="", held_at=None)
        if lifted:
            JobEvent.objects.create(job=job, actor=name_of(user), reason=told)
    job.refresh_from_db()
    if not lifted:
        why = ", and no person paused it; there is nothing to resume."
        if job.held_by:
            why = "; it cannot be resumed any more."
        raise InvalidTransition(f"The job is {job.state.value}{why}")
    background.ring()
