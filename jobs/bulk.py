"""Deciding on many jobs at once: those that a filter finds, oldest first, one after the other.

Each job has its own transaction and its own answer, as if people had gone through the list.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Self
from uuid import UUID

from django.db.models import Q
from pydantic import AfterValidator, Field, StrictBool, StringConstraints, model_validator

from jobs import services
from jobs.errors import Conflict, InvalidRequest, JobError, NotFound
from jobs.members import Rank, require
from jobs.models import Job, JobQuerySet
from jobs.requests import Request
from jobs.status import JobStatus
from operations import OPERATION_BY_NAME

if TYPE_CHECKING:
    from jobs.members import User

MOST_JOBS = 1000
SECONDS = 10.0
"""A call ends after so long, with what is left for the next one: a browser's patience is short."""

Decide = Callable[[Job], None]


def _known(operation: str) -> str:
    if operation not in OPERATION_BY_NAME:
        raise ValueError("There is no such operation")
    return operation


class JobFilter(Request):
    """Which jobs: those that fit all that is given. An empty filter is refused, so that no slip
    cancels everything.
    """

    status: list[JobStatus] | None = Field(None, min_length=1, max_length=len(JobStatus))
    operation: Annotated[str, AfterValidator(_known)] | None = Field(
        None, json_schema_extra={"enum": [*OPERATION_BY_NAME, None]}
    )
    search: Annotated[str, StringConstraints(strip_whitespace=True)] | None = Field(
        None,
        min_length=1,
        max_length=256,
        description="The beginning of an id, or a part of the description.",
    )
    ids: list[UUID] | None = Field(None, min_length=1, max_length=MOST_JOBS)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_dump(exclude_none=True):
            raise ValueError("Say which jobs: give status, operation, search or ids")
        return self

    def narrowed(self, rows: JobQuerySet) -> JobQuerySet:
        """Those of the jobs that fit."""
        if self.status is not None:
            rows = rows.filter(status__in=self.status)
        if self.operation is not None:
            rows = rows.filter(operation=self.operation)
        if self.ids is not None:
            rows = rows.filter(pk__in=self.ids)
        return rows.matching(self.search) if self.search is not None else rows


class CancelMany(Request):
    """Which jobs to cancel."""

    filter: JobFilter
    reason: str = Field("", max_length=256)
    expect: int | None = Field(
        None, ge=0, strict=True, description="Do nothing unless so many jobs match."
    )
    after: UUID | None = Field(None, description="Go on after this job: `after` of the answer.")


class ConfirmMany(CancelMany):
    """Which jobs to confirm."""

    accept_untried: StrictBool = False


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


def confirm_jobs(user: User, given: Mapping[str, Any]) -> ManyDecided:
    """Let the suspended jobs run that a filter finds. `given` is a ConfirmMany. Raises
    NotPermitted, InvalidRequest, Conflict where another number is expected; then nothing was done.
    """
    require(user, Rank.OPERATOR, "Confirming a job")
    asked = ConfirmMany.of(given)

    def confirm(job: Job) -> None:
        services.confirm_job(job, user, reason=asked.reason, accept_untried=asked.accept_untried)

    return _decide(user, asked, confirm)


def cancel_jobs(user: User, given: Mapping[str, Any]) -> ManyDecided:
    """End the jobs that a filter finds. `given` is a CancelMany; as confirm_jobs."""
    require(user, Rank.SUBMITTER, "Cancelling a job")
    asked = CancelMany.of(given)
    return _decide(user, asked, lambda job: services.cancel_job(job, user, reason=asked.reason))


def _decide(user: User, asked: CancelMany, decide: Decide) -> ManyDecided:
    seen = services.jobs_of(user)
    rows = asked.filter.narrowed(seen)
    if asked.after is not None:
        rows = rows.filter(_after(seen.filter(pk=asked.after)))
    found = list(rows.order_by("created_at", "pk")[: MOST_JOBS + 1])
    matched = len(found) if len(found) <= MOST_JOBS else rows.count()
    if asked.expect not in (None, matched):
        raise Conflict(
            f"The filter finds {matched:,} jobs, not {asked.expect:,}; none was changed."
        )
    deadline = time.monotonic() + SECONDS
    done: list[Decided] = []
    for job in found[:MOST_JOBS]:
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
