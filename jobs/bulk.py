"""Deciding on many jobs at once: those that a filter finds, oldest first, one after the other.

Each job has its own transaction and its own answer, as if people had gone through the list.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import Q
from pydantic import Field, StrictBool

from jobs import services
from jobs.errors import Conflict, InvalidRequest, JobError, NotFound
from jobs.filtering import MOST_JOBS, JobFilter
from jobs.members import Rank, require
from jobs.models import Job, JobQuerySet
from jobs.requests import Request

if TYPE_CHECKING:
    from jobs.members import User

SECONDS = 10.0
"""A call ends after so long, with what is left for the next one: a browser's patience is short."""

JOBS_A_CALL = MOST_JOBS
"""At most so many are decided on by one call."""

MOST_PRIORITY = 2_147_483_647

Decide = Callable[[Job], None]


class Many(Request):
    """Which jobs."""

    filter: JobFilter
    expect: int | None = Field(
        None, ge=0, strict=True, description="Do nothing unless so many jobs match."
    )
    after: UUID | None = Field(None, description="Go on after this job: `after` of the answer.")


class CancelMany(Many):
    """Which jobs to cancel."""

    reason: str = Field("", max_length=256)


class ConfirmMany(CancelMany):
    """Which jobs to confirm."""

    accept_untried: StrictBool = False


class PrioritiseMany(Many):
    """Which jobs to let go before or after others; a higher number goes first."""

    priority: int = Field(ge=0, le=MOST_PRIORITY, strict=True)


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of one job: `error` is None where it was done."""

    job: Job
    error: JobError | None = None


@dataclass(frozen=True, slots=True)
class ManyDecided:
    """What became of all that a call got through; `after` goes on with the rest, if any."""

    matched: int
    jobs: Sequence[Decided]
    after: UUID | None


def confirm_jobs(user: User, given: Mapping[str, Any], *, seen: str = "") -> ManyDecided:
    """Let the suspended jobs run that a filter finds. `given` is a ConfirmMany, `seen` the
    `fingerprint` of the jobs that somebody looked at.

    Raises NotPermitted, InvalidRequest, Conflict where these are other jobs or another number is
    expected; then nothing was done.
    """
    require(user, Rank.OPERATOR, "Confirming a job")
    asked = ConfirmMany.of(given)

    def confirm(job: Job) -> None:
        services.confirm_job(job, user, reason=asked.reason, accept_untried=asked.accept_untried)

    return _decide(user, asked, seen, confirm)


def cancel_jobs(user: User, given: Mapping[str, Any], *, seen: str = "") -> ManyDecided:
    """End the jobs that a filter finds. `given` is a CancelMany; as confirm_jobs."""
    require(user, Rank.SUBMITTER, "Cancelling a job")
    asked = CancelMany.of(given)
    reason = asked.reason
    return _decide(user, asked, seen, lambda job: services.cancel_job(job, user, reason=reason))


def prioritise_jobs(user: User, given: Mapping[str, Any], *, seen: str = "") -> ManyDecided:
    """Change the priority of the jobs that a filter finds. `given` is a PrioritiseMany; as
    confirm_jobs.
    """
    require(user, Rank.OPERATOR, "Changing a job")
    asked = PrioritiseMany.of(given)
    priority = asked.priority
    return _decide(user, asked, seen, lambda job: services.set_priority(job, user, priority))


def wanted(user: User, which: JobFilter, after: UUID | None) -> JobQuerySet:
    """What is decided on, in that order. Raises NotPermitted, InvalidRequest."""
    seen = services.jobs_of(user)
    rows = which.narrowed(seen)
    if after is not None:
        rows = rows.filter(_after(seen.filter(pk=after)))
    return rows.order_by("created_at", "pk")


def fingerprint(ids: Iterable[UUID]) -> str:
    """Of the jobs that one call decides on, in that order: equal only where they are the same."""
    return hashlib.sha256(b"".join(one.bytes for one in ids)).hexdigest()


def _decide(user: User, asked: Many, seen: str, decide: Decide) -> ManyDecided:
    rows = wanted(user, asked.filter, asked.after)
    found = list(rows[: JOBS_A_CALL + 1])
    matched = len(found) if len(found) <= JOBS_A_CALL else rows.count()
    if asked.expect not in (None, matched):
        raise Conflict(
            f"The filter finds {matched:,} jobs, not {asked.expect:,}; none was changed."
        )
    if seen and seen != fingerprint(job.pk for job in found[:JOBS_A_CALL]):
        raise Conflict("These are other jobs than those you looked at; none was changed.")
    deadline = time.monotonic() + SECONDS
    done: list[Decided] = []
    for job in found[:JOBS_A_CALL]:
        done.append(_decided(job, decide))
        if time.monotonic() > deadline:
            break
    return ManyDecided(matched, done, done[-1].job.pk if len(done) < matched else None)


def _after(last: JobQuerySet) -> Q:
    """What comes after the one job in the order in which jobs are decided on."""
    if not last.exists():
        raise InvalidRequest({"after": ["There is no such job any more; start without it."]})
    made, pk = last.values("created_at")[:1], last.values("pk")[:1]
    return Q(created_at__gt=made) | Q(created_at=made, pk__gt=pk)


def _decided(job: Job, decide: Decide) -> Decided:
    try:
        decide(job)
    except Job.DoesNotExist:
        return Decided(job, NotFound("The job was removed meanwhile."))
    except JobError as error:
        return Decided(job, error)
    return Decided(job)
