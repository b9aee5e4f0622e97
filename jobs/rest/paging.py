"""Lists page by page: {"next": url or null, "results": […]}.

A cursor names the last row of the page before, so that rows made in between neither repeat nor hide
any. It is compared with that row in the database, never as a time that went through JSON: SQLite
compares times as texts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from rest_framework.response import Response

from jobs.errors import InvalidRequest

if TYPE_CHECKING:
    from rest_framework.request import Request

LIMIT = 100
MOST = 1000

Row = TypeVar("Row", bound=Model)
Describe = Callable[[Any], Mapping[str, Any]]


def newest_first(request: Request, rows: QuerySet[Row], describe: Describe) -> Response:
    """A page of rows that have `created_at`. SQLite's clock ticks once a millisecond: what was made
    in the same one is told apart by its number, where it has one.
    """
    if cursor := request.query_params.get("cursor"):
        try:
            last = rows.model._default_manager.filter(pk=cursor)
        except (ValidationError, ValueError):
            last = None
        if last is None or not last.exists():
            raise bad_cursor()
        made = last.values("created_at")[:1]
        rows = rows.filter(Q(created_at__lt=made) | Q(created_at=made, pk__lt=cursor))
    return _page(request, rows.order_by("-created_at", "-pk"), describe, by="pk")


def in_order(request: Request, rows: QuerySet[Row], describe: Describe, *, by: str) -> Response:
    """A page of rows in the ascending order of a unique column."""
    if cursor := request.query_params.get("cursor"):
        if "\0" in cursor:  # no database can be asked for it
            raise bad_cursor()
        try:
            rows = rows.filter(**{f"{by}__gt": cursor})
        except ValueError:
            raise bad_cursor() from None
    return _page(request, rows.order_by(by), describe, by=by)


def limit_of(request: Request) -> int:
    """The rows of a page, ?limit=; raises InvalidRequest."""
    given = request.query_params.get("limit", str(LIMIT))
    if not (given.isascii() and given.isdecimal() and len(given) <= 4 and 1 <= int(given) <= MOST):
        raise InvalidRequest({"limit": [f"Give a whole number from 1 to {MOST}."]})
    return int(given)


def page_of(request: Request, results: Sequence[Mapping[str, Any]], cursor: str | None) -> Response:
    """The answer: results, and where the next ones are."""
    return Response({"next": _url(request, cursor) if cursor else None, "results": results})


def bad_cursor() -> InvalidRequest:
    """What a cursor of somebody's own making gets."""
    return InvalidRequest({"cursor": ["This is not a cursor; take the one that `next` gave."]})


def _page(request: Request, rows: QuerySet[Row], describe: Describe, *, by: str) -> Response:
    limit = limit_of(request)
    found = list(rows[: limit + 1])
    cursor = str(getattr(found[limit - 1], by)) if len(found) > limit else None
    return page_of(request, [describe(row) for row in found[:limit]], cursor)


def _url(request: Request, cursor: str) -> str:
    query = request.query_params.copy()
    query["cursor"] = cursor
    return str(request.build_absolute_uri(f"{request.path}?{query.urlencode()}"))
