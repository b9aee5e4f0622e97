"""Who may decide on a job: operators on every one of their account, submitters on the end of their
own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.members import Rank, may, require, require_same_account
from jobs.models import Job

if TYPE_CHECKING:
    from jobs.members import User


def decides(user: User, job: Job, what: str, rank: Rank = Rank.OPERATOR) -> None:
    """Raise NotPermitted unless the user may do that with this job."""
    require(user, rank, what)
    require_same_account(user, job.account_id)


def rank_to_cancel(user: User, job: Job) -> Rank:
    """What cancelling this job takes of this user. Whoever was made a viewer owns nothing."""
    own = job.created_by_id == user.pk and may(user, Rank.SUBMITTER)
    return Rank.SUBMITTER if own else Rank.OPERATOR


def may_cancel(user: User, job: Job) -> bool:
    """Whether the user's rank suffices to cancel the job: for doors that would not offer in vain
    what `cancel_job` refuses.
    """
    return may(user, rank_to_cancel(user, job))
