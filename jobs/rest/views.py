"""The JSON API: each view reads the request, calls one verb of services.py and shows what came."""

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
from jobs.rest import catalogue, paging
from jobs.rest import representation as show
from jobs.rest.parsers import body, members
from jobs.spool import spool
from jobs.status import JobStatus
from operations import OPERATIONS

if TYPE_CHECKING:
    from uuid import UUID

    from rest_framework.request import Request

    from jobs.models import Job, JobQuerySet

OUTCOMES = ("succeeded", "failed")


@api_view(["GET"])
def root(request: Request) -> Response:
    """Where everything is."""
    names = ("jobs", "operations", "roles", "manifests", "workers")
    return Response({name: show.url(request, name) for name in names})


@api_view(["GET", "POST"])
def jobs(request: Request) -> Response:
    """The jobs of the account, newest first; a POST creates one."""
    if request.method == "POST":
        return _create(request)
    rows = _filtered(services.jobs_of(request.user), request)
    return paging.newest_first(request, rows, lambda row: show.job_summary(row, request))


def _create(request: Request) -> Response:
    given = body(request)
    token = given.get("client_request_token")
    repeated = token and services.jobs_of(request.user).filter(client_request_token=token).exists()
    made = services.create_job(request.user, given)
    response = _job(made, request, status=200 if repeated else 201)
    response["Location"] = show.url(request, "job", made.pk)
    return response


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


@api_view(["GET"])
def job(request: Request, pk: UUID) -> Response:
    """One job."""
    return _job(services.job_of(request.user, pk), request)


@api_view(["POST"])
def confirm(request: Request, pk: UUID) -> Response:
    """Let a suspended job run; {"reason"} may say why. {"accept_untried": true} says that it may
    run at a store that could not be tried.
    """
    found = services.job_of(request.user, pk)
    services.confirm_job(
        found,
        request.user,
        reason=_reason(request, "accept_untried"),
        accept_untried=_accepts(request),
    )
    return _job(found, request)


@api_view(["POST"])
def cancel(request: Request, pk: UUID) -> Response:
    """End a job; {"reason"} may say why."""
    found = services.job_of(request.user, pk)
    services.cancel_job(found, request.user, reason=_reason(request))
    return _job(found, request)


@api_view(["POST"])
def pause(request: Request, pk: UUID) -> Response:
    """Keep a job from running until it is resumed; {"reason"} may say why."""
    found = services.job_of(request.user, pk)
    services.pause_job(found, request.user, reason=_reason(request))
    return _job(found, request)


@api_view(["POST"])
def resume(request: Request, pk: UUID) -> Response:
    """Let a paused job go on; {"reason"} may say why."""
    found = services.job_of(request.user, pk)
    services.resume_job(found, request.user, reason=_reason(request))
    return _job(found, request)


@api_view(["POST"])
def window(request: Request, pk: UUID) -> Response:
    """Change the hours to those of {"run_window"}; null lets the job run at any time."""
    found = services.job_of(request.user, pk)
    # A body without the member means nothing, not that the job may run at any time.
    services.set_window(found, request.user, members(request, "run_window").get("run_window", ...))
    return _job(found, request)


@api_view(["POST"])
def priority(request: Request, pk: UUID) -> Response:
    """Change the priority to that of {"priority"}."""
    found = services.job_of(request.user, pk)
    services.set_priority(found, request.user, members(request, "priority").get("priority"))  # type: ignore[arg-type]
    return _job(found, request)


@api_view(["POST"])
def speed(request: Request, pk: UUID) -> Response:
    """Change the ceiling to that of {"requests_per_second"}; null removes it."""
    found = services.job_of(request.user, pk)
    given = members(request, "requests_per_second")
    # A body without the member means nothing, not that there shall be no ceiling.
    services.set_speed(found, request.user, given.get("requests_per_second", ...))
    return _job(found, request)


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


@api_view(["GET"])
def operations(request: Request) -> Response:
    """What can be done to an object, with the JSON schema of its parameters."""
    return paging.page_of(request, [catalogue.operation(kind) for kind in OPERATIONS], None)


@api_view(["GET", "POST", "PUT", "PATCH", "DELETE"])
def nothing_here(request: Request) -> Response:
    """Any other path."""
    hint = "" if request.path.endswith("/") else " The paths of the API end in a slash."
    raise NotFound(f"There is nothing here.{hint}")


def _job(found: Job, request: Request, status: int = 200) -> Response:
    return Response(show.job_details(found, request), status=status)


def _accepts(request: Request) -> bool:
    accepted = body(request).get("accept_untried", False)
    if not isinstance(accepted, bool):
        raise InvalidRequest({"accept_untried": ["Give true or false."]})
    return accepted


def _reason(request: Request, *others: str) -> str:
    reason = members(request, "reason", *others).get("reason", "")
    if not isinstance(reason, str):
        raise InvalidRequest({"reason": ["Give the reason as a text."]})
    return reason
