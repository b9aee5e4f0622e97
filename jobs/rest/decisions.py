"""What people decide about a job, in the JSON API. Each answer is the job as it is then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.decorators import api_view
from rest_framework.response import Response

from jobs import bulk, services
from jobs.errors import InvalidRequest
from jobs.rest import bodies, shapes
from jobs.rest import representation as show
from jobs.rest.parsers import body, members
from jobs.rest.schema import answers, described
from jobs.tagging import TagsRequest

if TYPE_CHECKING:
    from uuid import UUID

    from rest_framework.request import Request

    from jobs.models import Job


@described(
    POST=answers("Let a suspended job run.", shapes.Job, body=bodies.Confirmation),
)
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


@described(
    POST=answers("End a job.", shapes.Job, body=bodies.Reason),
)
@api_view(["POST"])
def cancel(request: Request, pk: UUID) -> Response:
    """End a job; {"reason"} may say why."""
    found = services.job_of(request.user, pk)
    services.cancel_job(found, request.user, reason=_reason(request))
    return _job(found, request)


@described(
    POST=answers("Keep a job from running.", shapes.Job, body=bodies.Reason),
)
@api_view(["POST"])
def pause(request: Request, pk: UUID) -> Response:
    """Keep a job from running until it is resumed; {"reason"} may say why."""
    found = services.job_of(request.user, pk)
    services.pause_job(found, request.user, reason=_reason(request))
    return _job(found, request)


@described(
    POST=answers("Let a paused job go on.", shapes.Job, body=bodies.Reason),
)
@api_view(["POST"])
def resume(request: Request, pk: UUID) -> Response:
    """Let a paused job go on; {"reason"} may say why."""
    found = services.job_of(request.user, pk)
    services.resume_job(found, request.user, reason=_reason(request))
    return _job(found, request)


@described(
    POST=answers("Change the hours in which a job may run.", shapes.Job, body=bodies.WindowOrder),
)
@api_view(["POST"])
def window(request: Request, pk: UUID) -> Response:
    """Change the hours to those of {"run_window"}; null lets the job run at any time."""
    found = services.job_of(request.user, pk)
    # A body without the member means nothing, not that the job may run at any time.
    services.set_window(found, request.user, members(request, "run_window").get("run_window", ...))
    return _job(found, request)


@described(
    POST=answers("Change the priority of a job.", shapes.Job, body=bodies.PriorityOrder),
)
@api_view(["POST"])
def priority(request: Request, pk: UUID) -> Response:
    """Change the priority to that of {"priority"}."""
    found = services.job_of(request.user, pk)
    services.set_priority(found, request.user, members(request, "priority").get("priority"))  # type: ignore[arg-type]
    return _job(found, request)


@described(
    POST=answers(
        "Change the ceiling on the requests of a job.", shapes.Job, body=bodies.SpeedOrder
    ),
)
@api_view(["POST"])
def speed(request: Request, pk: UUID) -> Response:
    """Change the ceiling to that of {"requests_per_second"}; null removes it."""
    found = services.job_of(request.user, pk)
    given = members(request, "requests_per_second")
    # A body without the member means nothing, not that there shall be no ceiling.
    services.set_speed(found, request.user, given.get("requests_per_second", ...))
    return _job(found, request)


@described(
    GET=answers("All tags of a job.", shapes.Tags),
    PUT=answers("Put these tags in the place of all others.", shapes.Tags, body=TagsRequest),
    DELETE=answers("Remove all tags.", shapes.Tags),
)
@api_view(["GET", "PUT", "DELETE"])
def tags(request: Request, pk: UUID) -> Response:
    """All tags of the job; a PUT of {"tags"} takes their place, a DELETE removes them."""
    found = services.job_of(request.user, pk)
    if request.method == "PUT":
        # A body without the member means nothing, not that all tags shall go.
        services.set_tags(found, request.user, members(request, "tags").get("tags"))  # type: ignore[arg-type]
    elif request.method == "DELETE":
        services.set_tags(found, request.user, {})
    return Response({"tags": found.tags})


@described(
    POST=answers(
        "Let all suspended jobs run that a filter finds.", shapes.ManyDecided, body=bulk.ConfirmMany
    ),
)
@api_view(["POST"])
def confirm_many(request: Request) -> Response:
    """Let the suspended jobs run that {"filter"} finds, a thousand at most.

    The answer says of each what became of it, and `after` goes on where there are more.
    {"expect"} is how many the filter must find, or nothing is done.
    """
    return _many(bulk.confirm_jobs(request.user, body(request)), request)


@described(
    POST=answers("End all jobs that a filter finds.", shapes.ManyDecided, body=bulk.CancelMany),
)
@api_view(["POST"])
def cancel_many(request: Request) -> Response:
    """End the jobs that {"filter"} finds; as with confirming many."""
    return _many(bulk.cancel_jobs(request.user, body(request)), request)


@described(
    POST=answers(
        "Change the priority of all jobs that a filter finds.",
        shapes.ManyDecided,
        body=bulk.PrioritiseMany,
    ),
)
@api_view(["POST"])
def prioritise_many(request: Request) -> Response:
    """Change the priority of the jobs that {"filter"} finds to {"priority"}; as with confirming."""
    return _many(bulk.prioritise_jobs(request.user, body(request)), request)


def _many(found: bulk.ManyDecided, request: Request) -> Response:
    done = sum(one.error is None for one in found.jobs)
    shown: shapes.ManyDecided = {
        "matched": found.matched,
        "done": done,
        "refused": len(found.jobs) - done,
        "after": str(found.after) if found.after else None,
        "jobs": [_decided(one, request) for one in found.jobs],
    }
    return Response(shown)


def _decided(one: bulk.Decided, request: Request) -> shapes.Decided:
    return {
        "id": str(one.job.pk),
        "url": show.url(request, "job", one.job.pk),
        "status": one.job.state,
        "code": one.error.code if one.error else None,
        "message": str(one.error) if one.error else None,
    }


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
