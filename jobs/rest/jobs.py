"""Jobs in the JSON API: the list, one job, and creating one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework.decorators import api_view
from rest_framework.response import Response

from jobs import services
from jobs.errors import InvalidRequest
from jobs.requests import JobRequest
from jobs.rest import paging, shapes
from jobs.rest import representation as show
from jobs.rest.parsers import body
from jobs.rest.schema import LOCATION, PAGING, answers, described, query
from jobs.status import JobStatus

if TYPE_CHECKING:
    from uuid import UUID

    from rest_framework.request import Request

    from jobs.models import JobQuerySet


KEY, TOKEN = "Idempotency-Key", "client_request_token"
STATUS = query(
    "status",
    {"type": "array", "items": {"type": "string", "enum": JobStatus.values}},
    "Only jobs of this status; may be given again.",
)
SEARCH = query(
    "search", {"type": "string"}, "The beginning of an id, or a part of the description."
)
IDEMPOTENCY_KEY = OpenApiParameter(
    KEY,
    {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[ -~]+$"},
    OpenApiParameter.HEADER,
    description="The same key with the same job creates it once.",
)


@described(
    GET=answers(
        "The jobs of the account, newest first.",
        shapes.JobPage,
        parameters=(*PAGING, STATUS, SEARCH),
    ),
    POST=answers(
        "Create a job.",
        shapes.Job,
        status=(200, 201),
        body=JobRequest,
        parameters=(IDEMPOTENCY_KEY, LOCATION),
    ),
)
@api_view(["GET", "POST"])
def jobs(request: Request) -> Response:
    """The jobs of the account, newest first; a POST creates one.

    The same Idempotency-Key with the same job creates it once.
    """
    if request.method == "POST":
        return _create(request)
    rows = _filtered(services.jobs_of(request.user), request)
    return paging.newest_first(request, rows, lambda row: show.job_summary(row, request))


def _create(request: Request) -> Response:
    given = _with_key(request, body(request))
    token = given.get(TOKEN)
    repeated = token and services.jobs_of(request.user).filter(client_request_token=token).exists()
    made = services.create_job(request.user, given)
    response = Response(show.job_details(made, request), status=200 if repeated else 201)
    response["Location"] = show.url(request, "job", made.pk)
    return response


def _with_key(request: Request, given: dict[str, Any]) -> dict[str, Any]:
    """The header Idempotency-Key is the client_request_token by the name that HTTP has for it."""
    key = request.headers.get(KEY)
    if key is None:
        return given
    if not 1 <= len(key) <= 64 or not (key.isascii() and key.isprintable()):
        raise InvalidRequest({KEY: ["Give 1 to 64 printable ASCII characters."]})
    if given.get(TOKEN) not in (None, key):
        raise InvalidRequest({TOKEN: [f"It differs from the header {KEY}; give one of them."]})
    return {**given, TOKEN: key}


def _filtered(rows: JobQuerySet, request: Request) -> JobQuerySet:
    """?status=Active&status=Ready&search=…"""
    wanted = request.query_params.getlist("status")
    if unknown := set(wanted) - set(JobStatus.values):
        told = f"There is no status {', '.join(sorted(unknown))}; take {', '.join(JobStatus)}."
        raise InvalidRequest({"status": [told]})
    if wanted:
        rows = rows.filter(status__in=wanted)
    text = request.query_params.get("search", "").strip()
    if "\0" in text:
        raise InvalidRequest({"search": ["A NUL character cannot be searched for."]})
    return rows.matching(text) if text else rows


@described(
    GET=answers("One job.", shapes.Job),
)
@api_view(["GET"])
def job(request: Request, pk: UUID) -> Response:
    """One job."""
    return Response(show.job_details(services.job_of(request.user, pk), request))
