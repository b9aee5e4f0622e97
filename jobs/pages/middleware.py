"""One place where errors of the pages become something to read."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.contrib import messages
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from jobs.errors import (
    Conflict,
    InvalidRequest,
    InvalidTransition,
    JobError,
    NotFound,
    NotPermitted,
    SpoolDamaged,
    SpoolUnusable,
)
from jobs.pages.errors import (
    BAD_REQUEST,
    BROKEN,
    CLASH,
    FORBIDDEN,
    LOST,
    MISSING,
    NO_DATABASE,
    NO_ROOM,
    WRONG_METHOD,
    Trouble,
    error_page,
    sentence_of,
)

log = logging.getLogger(__name__)

TROUBLES: dict[type[JobError], Trouble] = {
    InvalidRequest: BAD_REQUEST,
    NotPermitted: FORBIDDEN,
    NotFound: MISSING,
    InvalidTransition: CLASH,
    Conflict: CLASH,
    SpoolUnusable: NO_ROOM,
    SpoolDamaged: LOST,
}


class PageErrors:
    """Turns a JobError into a message on the job's page, or into a page with the right status.

    A refused decision (confirm, cancel, priority, probe) is best read on the page of the job or the
    role, beside what it is now. The API has its own handler and is let alone.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Errors come to process_exception; an empty answer is given words."""
        response = self.get_response(request)
        if response.status_code != 405 or response.content or request.path.startswith("/api/"):
            return response
        told = error_page(WRONG_METHOD)
        told["Allow"] = response["Allow"]
        return told

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """The answer to an exception that a view raised, or None for one that is a bug."""
        if request.path.startswith("/api/"):
            return None
        match error:
            case OperationalError():
                log.exception("The database failed at %s", request.path)
                return error_page(NO_DATABASE)
            case InvalidTransition() | InvalidRequest() if job := _decided_on(request, "pk"):
                messages.error(request, sentence_of(error))
                return redirect("job", job)
            case InvalidRequest() | Conflict() if role := _decided_on(request, "name"):
                messages.error(request, sentence_of(error))
                return redirect("role", role)
            case JobError():
                return error_page(_trouble(error), sentence_of(error))
        return None


def _decided_on(request: HttpRequest, named: str) -> object:
    """The id of the job, or the name of the role, that a POST was about."""
    match = request.resolver_match
    return match.kwargs.get(named) if request.method == "POST" and match else None


def _trouble(error: JobError) -> Trouble:
    trouble = next((found for kind, found in TROUBLES.items() if isinstance(error, kind)), BROKEN)
    if trouble is BROKEN:
        log.error("A page failed", exc_info=error)
    return trouble
