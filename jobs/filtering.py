"""Which jobs: one filter for the list that people look at and for what they decide on many at once,
so that "everything that matches" is what they saw.
"""

from __future__ import annotations

from typing import Annotated, Self
from uuid import UUID

from django.db.models import Q, TextChoices
from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints, model_validator

from jobs.models import JobQuerySet
from jobs.requests import Request
from jobs.status import JobStatus
from operations import OPERATION_BY_NAME

MOST_JOBS = 1000
"""So many a call decides on, and so many ids a filter takes."""

S = JobStatus


class Group(TextChoices):
    """The statuses as people think of them. A job is in one group, that of its status; in line for
    its turn it is paused where a person holds it back.
    """

    TO_CONFIRM = "to-confirm", "To confirm"
    WAITING = "waiting", "Waiting"
    RUNNING = "running", "Running"
    PAUSED = "paused", "Paused"
    COMPLETED = "completed", "Completed"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"

    @classmethod
    def of(cls, status: str, *, held: bool) -> Group:
        """The group of a job."""
        group = next(group for group, theirs in STATUSES.items() if status in theirs)
        return cls.PAUSED if held and group is cls.WAITING else group

    @property
    def condition(self) -> Q:
        """What is true of its jobs alone."""
        theirs, in_line = (Q(status__in=sorted(STATUSES[one])) for one in (self, Group.WAITING))
        match self:
            case Group.WAITING:
                return theirs & Q(held_by="")
            case Group.PAUSED:
                return theirs | (in_line & ~Q(held_by=""))
        return theirs


STATUSES: dict[Group, frozenset[JobStatus]] = {
    Group.TO_CONFIRM: frozenset({S.SUSPENDED}),
    Group.WAITING: frozenset({S.NEW, S.READY}),
    Group.RUNNING: frozenset({S.PREPARING, S.ACTIVE, S.COMPLETING}),
    Group.PAUSED: frozenset({S.PAUSING, S.PAUSED}),
    Group.COMPLETED: frozenset({S.COMPLETE}),
    Group.FAILED: frozenset({S.FAILING, S.FAILED}),
    Group.CANCELLED: frozenset({S.CANCELLING, S.CANCELLED}),
}


def _known(operation: str) -> str:
    if operation not in OPERATION_BY_NAME:
        raise ValueError("There is no such operation")
    return operation


def _speakable(text: str) -> str:
    if "\0" in text:
        raise ValueError("A NUL character cannot be searched for")
    return text


Name = Annotated[str, AfterValidator(_speakable)]


class JobFilter(Request):
    """Which jobs: those that fit all that is given. An empty filter is refused, so that no slip
    cancels everything.
    """

    status: list[JobStatus] | None = Field(None, min_length=1, max_length=len(JobStatus))
    group: Group | None = Field(None, description="Several statuses by one name, as the page has.")
    operation: Annotated[str, AfterValidator(_known)] | None = Field(
        None, json_schema_extra={"enum": [*OPERATION_BY_NAME, None]}
    )
    role: Name | None = Field(None, min_length=1, max_length=200, description="Its name.")
    creator: Name | None = Field(
        None, min_length=1, max_length=150, description="The username of who created the job."
    )
    created_from: AwareDatetime | None = None
    created_before: AwareDatetime | None = None
    search: Annotated[Name, StringConstraints(strip_whitespace=True)] | None = Field(
        None,
        min_length=1,
        max_length=256,
        description="The beginning of an id, or a part of the description.",
    )
    ids: list[UUID] | None = Field(None, min_length=1, max_length=MOST_JOBS)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_dump(exclude_none=True):
            raise ValueError(f"Say which jobs: give {', '.join(_NAMES)} or ids")
        return self

    def narrowed(self, rows: JobQuerySet) -> JobQuerySet:
        """Those of the jobs that fit."""
        for name, lookup in LOOKUPS.items():
            if (value := getattr(self, name)) is not None:
                rows = rows.filter(**{lookup: value})
        if self.group is not None:
            rows = rows.filter(self.group.condition)
        return rows.matching(self.search) if self.search is not None else rows


LOOKUPS = {
    "status": "status__in",
    "operation": "operation",
    "role": "role__name",
    "creator": "created_by__username",
    "created_from": "created_at__gte",
    "created_before": "created_at__lt",
    "ids": "pk__in",
}
_NAMES = [name for name in JobFilter.model_fields if name != "ids"]
