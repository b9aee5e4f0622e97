"""Which jobs a person chose on the list, and on which of them it can be decided."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Count, Q, Sum
from django.http import QueryDict
from django.urls import reverse

from jobs import bulk, services
from jobs.errors import InvalidRequest
from jobs.filtering import JobFilter
from jobs.members import may
from jobs.models import UNTRIED, Job, Rank
from jobs.pages.list_query import ListQuery
from jobs.pages.list_rows import Row
from jobs.pages.many_kinds import KINDS, Kind
from jobs.status import TO_PREPARE, TOUCHED, JobStatus
from operations import OPERATION_BY_NAME

SHOWN = 10


@dataclass(frozen=True)
class Chosen:
    """Those that were ticked, or everything that matches; `after`: those that are left of them."""

    user: User
    kind: Kind
    query: ListQuery
    ids: tuple[UUID, ...]
    everything: bool
    after: UUID | None

    @classmethod
    def read(cls, given: QueryDict, user: User) -> Chosen:
        """Of an address, or of a form. Raises InvalidRequest."""
        kind = KINDS.get(given.get("decision", ""))
        if kind is None:
            raise InvalidRequest({"decision": ["Say what to do: confirm, cancel or priority."]})
        everything = given.get("everything") == "1"
        ids = () if everything else tuple(map(_id, given.getlist("ids")))
        query = ListQuery.read(given.dict())
        after = given.get("after")
        return cls(user, kind, query, ids, everything, _id(after) if after else None)

    @property
    def is_empty(self) -> bool:
        """True where nothing was chosen."""
        return not (self.ids or self.everything)

    @property
    def fields(self) -> list[tuple[str, str]]:
        """As an address and a form carry it."""
        chosen = [("ids", str(one)) for one in self.ids] or [("everything", "1")]
        return [("decision", self.kind.name), *self.query.given.items(), *chosen]

    def url(self, **more: str) -> str:
        """Where it is looked at before it is done."""
        told = [(name, value) for name, value in more.items() if value]
        return f"{reverse('job_bulk')}?{urlencode([*self.fields, *told])}"

    @property
    def conditions(self) -> dict[str, Any]:
        """Of a JobFilter: the ids, or what the list was narrowed to."""
        return {"ids": list(self.ids)} if self.ids else self.query.conditions

    @property
    def possible(self) -> dict[str, Any] | None:
        """The same for those on which the person can decide; None where there are none."""
        asked = self.conditions
        statuses = self.kind.statuses & {JobStatus(one) for one in asked.get("status", JobStatus)}
        me = self.user.get_username()
        if not may(self.user, Rank.OPERATOR):
            if asked.get("creator", me) != me:
                return None
            asked = {**asked, "creator": me}
        return {**asked, "status": sorted(statuses)} if statuses else None


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidRequest({"ids": ["This is not the id of a job."]}) from None


class Work(NamedTuple):
    """An operation that some of the jobs do with the same role."""

    operation: str
    role: str
    jobs: int
    uncounted: int
    """Of these nobody knows yet how many tasks they have."""
    tasks: int

    @property
    def counted(self) -> int:
        """The jobs that have so many tasks."""
        return self.jobs - self.uncounted


class Review:
    """What a decision would come to."""

    def __init__(self, chosen: Chosen) -> None:
        self._chosen = chosen
        seen, possible = services.jobs_of(chosen.user), chosen.possible
        self._all = JobFilter.of(chosen.conditions).narrowed(seen) if chosen.conditions else seen
        self._rows = Job.objects.none()
        if possible:
            self._rows = bulk.wanted(chosen.user, JobFilter.of(possible), chosen.after)

    @cached_property
    def numbers(self) -> dict[str, int]:
        """How many jobs, with how many tasks; how many began, how many nobody tried, and how many
        do tasks in doubt again.
        """
        untried = Q(suspended_cause__startswith=UNTRIED)
        return self._rows.order_by().aggregate(
            jobs=Count("pk"),
            tasks=Sum("total_tasks", default=0),
            begun=Count("pk", filter=Q(status__in=sorted(TOUCHED))),
            untried=Count("pk", filter=untried),
            doubtful=Count("pk", filter=Q(manifest__selection__tasks="in_doubt")),
        )

    @property
    def works(self) -> list[Work]:
        """What they do, and as whom: what has most tasks first."""
        return self._works[:SHOWN]

    @property
    def other_works(self) -> int:
        """Jobs that do anything beside that."""
        return sum(work.jobs for work in self._works[SHOWN:])

    @cached_property
    def _works(self) -> list[Work]:
        by = ("operation", "role__name")
        told = (
            self._rows.order_by()
            .values_list(*by)
            .annotate(
                n=Count("pk"),
                uncounted=Count("pk", filter=Q(status__in=sorted(TO_PREPARE))),
                tasks=Sum("total_tasks", default=0),
            )
        )
        return [
            Work(OPERATION_BY_NAME[operation].label, *rest)
            for operation, *rest in told.order_by("-tasks", *by)
        ]

    @property
    def seen(self) -> str:
        """Tells whether the same jobs are decided on."""
        return bulk.fingerprint(self._rows.values_list("pk", flat=True)[: bulk.JOBS_A_CALL])

    @property
    def first(self) -> list[Row]:
        """In the order in which it will be decided on them."""
        return [Row(job) for job in self._rows[:SHOWN]]

    @property
    def more(self) -> int:
        """Jobs that are not among the first."""
        return max(self.numbers["jobs"] - SHOWN, 0)

    @cached_property
    def left_out(self) -> list[tuple[int, str]]:
        """How many of the chosen are not among them, and why: their status, or who made them."""
        if self._chosen.after:
            return []
        every, able = (
            Counter(dict(rows.order_by().values_list("status").annotate(n=Count("pk"))))
            for rows in (self._all, self._rows)
        )
        rest = every - able
        theirs = sum(rest.pop(status, 0) for status in self._chosen.kind.statuses)
        found = [(n, JobStatus(status).label) for status, n in sorted(rest.items())]
        return [*found, (theirs, "of somebody else")] if theirs else found

    @property
    def others(self) -> int:
        """How many those are together."""
        return sum(number for number, _ in self.left_out)
