"""What stands around the rows of the list: tabs, heads of the columns, filters that are on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib.auth.models import User
from django.db.models import BooleanField, Count, ExpressionWrapper, Q

from jobs import services
from jobs.filtering import Group
from jobs.members import account_of
from jobs.models import JobQuerySet
from jobs.pages.access import PageRequest
from jobs.pages.list_query import NEWEST, ListQuery
from jobs.status import JobStatus
from operations import OPERATION_BY_NAME, OPERATIONS

HELD = ExpressionWrapper(~Q(held_by=""), output_field=BooleanField())
COLUMNS = {
    "progress": ("Progress", "-progress"),
    "failed": ("Failed", "-failed"),
    "priority": ("Priority", "-priority"),
    "created": ("Created", "created"),
}
"""By what the list can be sorted, and how the first click does."""

ORDERS = [
    ("", "Newest first"),
    ("created", "Oldest first"),
    ("-priority", "Highest priority first"),
    ("priority", "Lowest priority first"),
    ("-failed", "Most failed first"),
    ("failed", "Fewest failed first"),
    ("-progress", "Furthest first"),
    ("progress", "Least far first"),
]
"""The same in words: on a small screen the columns have no heads."""


@dataclass(frozen=True)
class Tab:
    """A group of jobs."""

    key: str
    label: str
    url: str
    count: int
    is_current: bool


@dataclass(frozen=True)
class Head:
    """The head of a column: the next click sorts by it, or the other way round."""

    key: str
    label: str
    url: str
    order: str


@dataclass(frozen=True)
class Chip:
    """A filter that is on, and the list without it."""

    key: str
    label: str
    url: str


class Counts:
    """How many jobs of the other filters are in each status: one query for all tabs."""

    def __init__(self, rows: JobQuerySet) -> None:
        told = rows.order_by().values_list("status", HELD).annotate(count=Count("pk"))
        self._found = [(status, Group.of(status, held=held), n) for status, held, n in told]

    def of(self, status: str) -> int:
        """In a group, in a status, or in all."""
        return sum(n for one, group, n in self._found if not status or status in (one, group))


def tabs_of(query: ListQuery, counts: Counts) -> list[Tab]:
    """All, and the groups. A single status stands under the group that it is in."""
    now = query.status
    if now in JobStatus.values:
        now = Group.of(now, held=False)
    found = [("", "All"), *Group.choices]
    return [
        Tab(key or "all", label, query.url(status=key), counts.of(key), key == now)
        for key, label in found
    ]


def heads_of(query: ListQuery) -> dict[str, Head]:
    """Of the columns that can be sorted."""
    sort = query.sort or NEWEST
    return {key: _head(query, key, sort) for key in COLUMNS}


def _head(query: ListQuery, key: str, sort: str) -> Head:
    label, first = COLUMNS[key]
    if sort.removeprefix("-") != key:
        return Head(key, label, query.url(sort="" if first == NEWEST else first), "none")
    other = key if sort[0] == "-" else f"-{key}"
    order = "descending" if sort[0] == "-" else "ascending"
    return Head(key, label, query.url(sort="" if other == NEWEST else other), order)


def chips_of(query: ListQuery, *, with_tab: bool) -> list[Chip]:
    """One for each filter; for that of the tab where it is asked for, as it shows itself."""
    told = {
        "q": f"“{query.q}”",
        "status": f"Status: {_status_name(query.status)}",
        "operation": query.operation and OPERATION_BY_NAME[query.operation].label,
        "role": f"Role: {query.role}",
        "creator": f"By {query.creator}",
        "created_from": _day("From", query.created_from),
        "created_to": _day("Until", query.created_to),
    }
    return [
        Chip(name, told[name], query.without(name).url())
        for name in query.given
        if name in told and (with_tab or name != "status" or query.status in JobStatus.values)
    ]


def _status_name(status: str) -> str:
    return (
        Group(status).label if status in Group.values else dict(JobStatus.choices).get(status, "")
    )


def _day(word: str, day: date | None) -> str:
    return f"{word} {day} (UTC)" if day else ""


def choices_of(user: User, query: ListQuery) -> dict[str, Any]:
    """What the filters offer: what is asked for is among it, though it may be gone."""
    roles = [*services.roles_of(user).order_by("name").values_list("name", flat=True)]
    people = [*services.members_of(user).values_list("username", flat=True)]
    return {
        "roles": _with(roles, query.role),
        "people": _with(people, query.creator),
        "orders": ORDERS,
        "operations": [(operation.name, operation.label) for operation in OPERATIONS],
    }


def _with(found: list[str], asked: str) -> list[str]:
    return found if not asked or asked in found else [asked, *found]


def first_steps(request: PageRequest) -> dict[str, Any]:
    """What an account without jobs is told."""
    account = account_of(request.user)
    here = request.build_absolute_uri("/").rstrip("/")
    return {
        "has_role": services.roles_of(request.user).exists(),
        "cli": f"aws s3control list-jobs --account-id {account} "
        f"--region snow --endpoint-url {here}",
    }
