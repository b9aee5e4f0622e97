"""What the address of the list asks for, read leniently: what is not known is left out and told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import F, OrderBy
from django.db.models.functions import NullIf
from django.urls import reverse

from jobs.filtering import Group, JobFilter
from jobs.models import JobQuerySet
from jobs.status import JobStatus
from operations import OPERATION_BY_NAME

DONE = (F("succeeded") + F("failed")) * 1.0 / NullIf("total_tasks", 0)
SORTS: dict[str, Any] = {
    "created": F("created_at"),
    "priority": F("priority"),
    "failed": F("failed"),
    "progress": DONE,
}
"""What the list is sorted by: `failed`, or `-failed` for the most first."""
NEWEST = "-created"


@dataclass(frozen=True)
class ListQuery:
    """Which jobs in which order; the names are those of the address."""

    q: str = ""
    status: str = ""
    operation: str = ""
    role: str = ""
    creator: str = ""
    created_from: date | None = None
    created_to: date | None = None
    sort: str = ""
    faults: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> ListQuery:
        """Of a query string, or of the fields of a form."""
        values: dict[str, Any] = {}
        faults: list[str] = []
        for name, parse in READERS.items():
            text = given.get(name, "").replace("\0", "").strip()
            try:
                values |= {name: parse(text)} if text else {}
            except ValueError:
                faults.append(f"“{text[:60]}” is no {TITLES[name].lower()}; it is left out.")
        return cls(**values, faults=tuple(faults))

    @property
    def given(self) -> dict[str, str]:
        """The canonical query: what is asked for, always in the same order."""
        values = {one.name: getattr(self, one.name) for one in fields(self) if one.compare}
        return {name: str(value) for name, value in values.items() if value}

    def url(self, *, more: Mapping[str, object] | None = None, **changes: Any) -> str:
        """The address of the list, with changes, and with more."""
        query = urlencode({**replace(self, **changes).given, **(more or {})})
        return reverse("job_list") + (f"?{query}" if query else "")

    @property
    def conditions(self) -> dict[str, Any]:
        """As a JobFilter takes them; empty where all jobs are asked for."""
        midnight = time(tzinfo=UTC)
        found = {
            "status": [self.status] if self.status in JobStatus.values else None,
            "group": self.status if self.status in Group.values else None,
            "operation": self.operation,
            "role": self.role,
            "creator": self.creator,
            "created_from": self.created_from and datetime.combine(self.created_from, midnight),
            "created_before": self.created_to
            and datetime.combine(self.created_to, midnight) + timedelta(days=1),
            "search": self.q,
        }
        return {name: value for name, value in found.items() if value}

    def narrowed(self, rows: JobQuerySet) -> JobQuerySet:
        """The jobs that are asked for."""
        conditions = self.conditions
        return JobFilter.of(conditions).narrowed(rows) if conditions else rows

    @property
    def order(self) -> list[OrderBy | str]:
        """With the id last, so that no job is on two pages. What cannot be told is at the end."""
        sort = self.sort or NEWEST
        by = SORTS[sort.removeprefix("-")]
        last = True if by is DONE else None
        first = by.desc(nulls_last=last) if sort[0] == "-" else by.asc(nulls_last=last)
        return [first, "pk"] if by is SORTS["created"] else [first, "-created_at", "pk"]

    def without(self, name: str) -> ListQuery:
        """The same, but for one filter."""
        return replace(self, **{name: getattr(ListQuery, name)})

    @property
    def narrows(self) -> int:
        """How many filters are on, beside the search and the tab."""
        return len(self.given.keys() - {"q", "status", "sort"})


def _status(text: str) -> str:
    if text in Group.values:
        return text
    return JobStatus(text).value


def _operation(text: str) -> str:
    if text not in OPERATION_BY_NAME:
        raise ValueError(text)
    return text


def _day(text: str) -> date:
    found = date.fromisoformat(text)
    if not 1970 <= found.year < 9999:
        raise ValueError(text)
    return found


def _sort(text: str) -> str:
    if text.removeprefix("-") not in SORTS:
        raise ValueError(text)
    return "" if text == NEWEST else text


READERS: dict[str, Callable[[str], Any]] = {
    "q": lambda text: text[:256],
    "status": _status,
    "operation": _operation,
    "role": lambda text: text[:200],
    "creator": lambda text: text[:150],
    "created_from": _day,
    "created_to": _day,
    "sort": _sort,
}
TITLES = {
    "q": "Search",
    "status": "Status",
    "operation": "Operation",
    "role": "Role",
    "creator": "Creator",
    "created_from": "Day",
    "created_to": "Day",
    "sort": "Order",
}
