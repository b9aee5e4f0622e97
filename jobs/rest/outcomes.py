"""What became of a job's tasks, in the JSON API: results, report, rows in doubt, events."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from django.http import FileResponse, StreamingHttpResponse
from rest_framework.decorators import api_view
from rest_framework.response import Response

from jobs import results as job_results
from jobs import services
from jobs.doubt import RowsInDoubt
from jobs.errors import InvalidRequest, NotFound
from jobs.rest import paging
from jobs.rest import representation as show
from jobs.rest import shapes_of_outcomes as shapes
from jobs.rest.schema import PAGING, answers, described, query
from jobs.sought import Written
from jobs.spool import spool

if TYPE_CHECKING:
    from uuid import UUID

    from rest_framework.request import Request

FILTERS = ("status", "error_code", "key_prefix")
OUTCOMES = ("succeeded", "failed")
WANTED = (
    query("status", {"type": "string", "enum": OUTCOMES}, "Only these."),
    query("error_code", {"type": "string", "minLength": 1}, "Only what failed with this code."),
    query("key_prefix", {"type": "string"}, "Only keys that begin so, as `key` writes them."),
)


@described(
    GET=answers(
        "What became of the tasks, in the order of their commits.",
        shapes.ResultPage,
        parameters=(*PAGING, *WANTED),
    ),
)
@api_view(["GET"])
def results(request: Request, pk: UUID) -> Response:
    """What became of the tasks, in the order in which they were committed.

    ?status=, ?error_code= and ?key_prefix= ask for some of them. A request looks for half a second
    at most: so a page may be short, or empty, while `next` goes on.
    """
    found = services.job_of(request.user, pk)
    page = job_results.page(
        found,
        request.query_params.get("cursor", ""),
        limit=paging.limit_of(request),
        **_wanted(request),
    )
    response = paging.page_of(
        request, [show.result(row) for row in page.rows], None if page.done else page.cursor
    )
    # While the job runs there is no next page yet; this cursor asks for one later.
    response.data["cursor"] = page.cursor
    return response


def _wanted(request: Request) -> dict[str, Any]:
    told = request.query_params
    asked: dict[str, Any] = {name: told[name] for name in FILTERS if name in told}
    if asked.get("status", OUTCOMES[0]) not in OUTCOMES:
        raise InvalidRequest({"status": [f"Give {' or '.join(OUTCOMES)}."]})
    if asked.get("error_code") == "":
        raise InvalidRequest({"error_code": ["Give a code, such as NoSuchKey."]})
    if "key_prefix" in asked:
        asked["key"] = Written(asked.pop("key_prefix"))
    return asked


@described(
    GET=answers("The completion report.", shapes.Report),
)
@api_view(["GET"])
def report(request: Request, pk: UUID) -> Response:
    """The completion report: where it is, and its files."""
    return Response(show.report(services.job_of(request.user, pk), request))


@described(
    GET=answers("One file of the report.", "*/*"),
)
@api_view(["GET"])
def report_file(request: Request, pk: UUID, file: int) -> FileResponse:
    """The content of one file of the report."""
    row = services.job_of(request.user, pk).report_files.filter(pk=file).first()
    if row is None:
        raise NotFound("The report has no such file.")
    content = spool.open(row.spool_name)
    return FileResponse(content, as_attachment=True, filename=PurePosixPath(row.key).name)


@described(
    GET=answers(
        "The rows that were started and have no known result, as a CSV manifest.", "text/csv"
    ),
)
@api_view(["GET"])
def in_doubt(request: Request, pk: UUID) -> StreamingHttpResponse:
    """The rows that were started and have no known result, as a CSV manifest."""
    rows = RowsInDoubt(services.job_of(request.user, pk))
    return StreamingHttpResponse(
        rows.blocks(), content_type="text/csv; charset=utf-8", headers=rows.headers
    )


@described(
    GET=answers("Every move of the job's status.", shapes.EventPage, parameters=PAGING),
)
@api_view(["GET"])
def events(request: Request, pk: UUID) -> Response:
    """Every move of the job's status: who, when, from, to, why."""
    found = services.job_of(request.user, pk)
    return paging.in_order(request, found.events.all(), show.event, by="pk")
