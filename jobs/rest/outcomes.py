"""What became of a job's tasks, in the JSON API: results, report, rows in doubt, events."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from django.http import FileResponse, StreamingHttpResponse
from rest_framework.decorators import api_view
from rest_framework.response import Response

from jobs import results as job_results
from jobs import services
from jobs.doubt import RowsInDoubt
from jobs.errors import InvalidRequest, NotFound
from jobs.rest import paging
from jobs.rest import representation as show
from jobs.spool import spool

if TYPE_CHECKING:
    from uuid import UUID

    from rest_framework.request import Request

OUTCOMES = ("succeeded", "failed")


@api_view(["GET"])
def results(request: Request, pk: UUID) -> Response:
    """What became of the tasks, in the order in which they were committed; ?status=failed."""
    found = services.job_of(request.user, pk)
    status = request.query_params.get("status")
    if status not in (None, *OUTCOMES):
        raise InvalidRequest({"status": [f"Give {' or '.join(OUTCOMES)}."]})
    page = job_results.page(
        found,
        request.query_params.get("cursor", ""),
        status=status,
        limit=paging.limit_of(request),
    )
    response = paging.page_of(
        request, [show.result(row) for row in page.rows], None if page.done else page.cursor
    )
    # While the job runs there is no next page yet; this cursor asks for one later.
    response.data["cursor"] = page.cursor
    return response


@api_view(["GET"])
def report(request: Request, pk: UUID) -> Response:
    """The completion report: where it is, and its files."""
    return Response(show.report(services.job_of(request.user, pk), request))


@api_view(["GET"])
def report_file(request: Request, pk: UUID, file: int) -> FileResponse:
    """The content of one file of the report."""
    row = services.job_of(request.user, pk).report_files.filter(pk=file).first()
    if row is None:
        raise NotFound("The report has no such file.")
    content = spool.open(row.spool_name)
    return FileResponse(content, as_attachment=True, filename=PurePosixPath(row.key).name)


@api_view(["GET"])
def in_doubt(request: Request, pk: UUID) -> StreamingHttpResponse:
    """The rows that were started and have no known result, as a CSV manifest."""
    rows = RowsInDoubt(services.job_of(request.user, pk))
    return StreamingHttpResponse(
        rows.blocks(), content_type="text/csv; charset=utf-8", headers=rows.headers
    )


@api_view(["GET"])
def events(request: Request, pk: UUID) -> Response:
    """Every move of the job's status: who, when, from, to, why."""
    found = services.job_of(request.user, pk)
    return paging.in_order(request, found.events.all(), show.event, by="pk")
