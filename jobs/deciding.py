"""Who may decide on a job: one question, asked by every verb that changes one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.members import Rank, may, require, require_same_account

if TYPE_CHECKING:
    from jobs.members import User
    from jobs.models import Job


def require_operator(user: User, job: Job, what: str) -> None:
    """Raise NotPermitted unless the user decides on all jobs of the account."""
    require(user, Rank.OPERATOR, what)
    require_same_account(user, job.account_id)


def require_submitter(user: User, job: Job, what: str) -> None:
    """Raise NotPermitted unless the user makes jobs in the account."""
    require(user, Rank.SUBMITTER, what)
    require_same_account(user, job.account_id)


def require_owner(user: User, job: Job, what: str) -> None:
    """Raise NotPermitted unless the user created the job, or decides on all of the account."""
    if not owns(user, job):
        require_operator(user, job, f"{what} of somebody else")
    require_same_account(user, job.account_id)


def owns(user: User, job: Job) -> bool:
    """Whether the user created the job, and may still create others."""
    return job.created_by_id == user.pk and may(user, Rank.SUBMITTER)


def may_cancel(user: User, job: Job) -> bool:
    """Whether the user may end this job, as far as ranks go."""
    return owns(user, job) or may(user, Rank.OPERATOR)
