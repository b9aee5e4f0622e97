"""Jobs in the JSON API: the list, one job, and creating one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter
from rest_framework.decorators import api_view
from rest_framework.response import Response

from jobs import services
from jobs.errors import InvalidRequest
from jobs.filtering import Group, JobFilter
from jobs.requests import JobRequest
from jobs.rest import paging, shapes
from jobs.rest import representation as show
from jobs.rest.parsers import body
from jobs.rest.schema import LOCATION, PAGING, answers, described, query
from jobs.status import JobStatus
from operations import OPERATION_BY_NAME

if TYPE_CHECKING:
    from collections.abc import Callable

    from rest_framework.request import Request

    from jobs.models import Job, JobQuerySet


KEY, TOKEN = "Idempotency-Key", "client_request_token"
STATUS = query(
    "status",
    {"type": "array", "items": {"type": "string", "enum": JobStatus.values}},
    "Only jobs of this status; may be given again.",
)
SEARCH = query(
    "search", {"type": "string"}, "The beginning of an id, or a part of the description."
)
PARENT = query(
    "parent", {"type": "string", "format": "uuid"}, "Only jobs that are made of tasks of this job."
)
NARROWING = (
    query(
        "group", {"type": "string", "enum": Group.values}, "Only jobs of this group of statuses."
    ),
    query("operation", {"type": "string", "enum": [*OPERATION_BY_NAME]}, "Only those that do it."),
    query("role", {"type": "string"}, "Only those with the role of this name."),
    query("creator", {"type": "string"}, "Only those that this user created."),
    query("created_from", {"type": "string", "format": "date-time"}, "Not older than this."),
    query("created_before", {"type": "string", "format": "date-time"}, "Only older ones."),
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
        parameters=(*PAGING, STATUS, SEARCH, PARENT),
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
    rows = _of_parent(_filtered(services.jobs_of(request.user), request), request)
    return paging.newest_first(request, rows, lambda row: show.job_summary(row, request))


def _create(request: Request) -> Response:
    given = with_key(request, body(request))
    return made_once(request, given.get(TOKEN), lambda: services.create_job(request.user, given))


def made_once(request: Request, token: Any, create: Callable[[], Job]) -> Response:
    """The job: a new one, or that which was made with the token before."""
    repeated = token and services.jobs_of(request.user).filter(client_request_token=token).exists()
    made = create()
    response = Response(show.job_details(made, request), status=200 if repeated else 201)
    response["Location"] = show.url(request, "job", made.pk)
    return response


def with_key(request: Request, given: dict[str, Any]) -> dict[str, Any]:
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
    """?status=Active&status=Ready&search=…, and what else a JobFilter knows."""
    names = [one.name for one in NARROWING if one.name in request.query_params]
    if names:
        rows = JobFilter.of({name: request.query_params[name] for name in names}).narrowed(rows)
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


def _of_parent(rows: JobQuerySet, request: Request) -> JobQuerySet:
    """?parent=…"""
    named = request.query_params.get("parent")
    if named is None:
        return rows
    try:
        return rows.children_of(UUID(named))
    except ValueError:
        raise InvalidRequest({"parent": ["Give the id of a job."]}) from None


@described(
    GET=answers("One job.", shapes.Job),
)
@api_view(["GET"])
def job(request: Request, pk: UUID) -> Response:
    """One job."""
    return Response(show.job_details(services.job_of(request.user, pk), request))
