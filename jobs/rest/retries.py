"""Doing tasks of an ended job again, in the JSON API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.decorators import api_view

from jobs import services
from jobs.rest import bodies, shapes
from jobs.rest.jobs import IDEMPOTENCY_KEY, TOKEN, made_once, with_key
from jobs.rest.parsers import body
from jobs.rest.schema import LOCATION, answers, described

if TYPE_CHECKING:
    from uuid import UUID

    from rest_framework.request import Request
    from rest_framework.response import Response


@described(
    POST=answers(
        "Make a job of tasks of an ended one.",
        shapes.Job,
        status=(200, 201),
        body=bodies.RetryOrder,
        parameters=(IDEMPOTENCY_KEY, LOCATION),
    ),
)
@api_view(["POST"])
def retry(request: Request, pk: UUID) -> Response:
    """Make a job that does again what an ended one was to do, with the tasks of it that failed, are
    in doubt or were never executed; it waits to be confirmed. The same Idempotency-Key with the
    same tasks makes it once.
    """
    found, given = services.job_of(request.user, pk), with_key(request, body(request))
    token = given.pop(TOKEN, None)
    return made_once(
        request,
        token,
        lambda: services.retry_tasks(request.user, found, given, client_request_token=token),
    )
