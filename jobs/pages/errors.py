"""Pages for what went wrong, in the product's own look.

They are rendered without the request, so that they need neither session nor database.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string


@dataclass(frozen=True)
class Trouble:
    """What an error page says."""

    status: int
    title: str
    text: str


BAD_REQUEST = Trouble(400, "That request cannot be read", "Something in it is not valid.")
FORBIDDEN = Trouble(403, "You may not do this", "Your user has no permission for it.")
MISSING = Trouble(
    404,
    "There is no such page",
    "It may have been removed, or belong to another account. "
    "Jobs are kept for 90 days after their end.",
)
CLASH = Trouble(409, "That is not possible now", "The job has moved on.")
BROKEN = Trouble(
    500,
    "Something went wrong here",
    "The error has been logged. Jobs that are running are not affected.",
)
NO_ROOM = Trouble(503, "There is no room for that", "The spool cannot be written.")
NO_DATABASE = Trouble(
    503,
    "The database does not answer",
    "Workers keep what they are at and wait for it. Try again in a moment.",
)


def error_page(trouble: Trouble, text: str = "") -> HttpResponse:
    """The page for a trouble, with a text of its own where there is one."""
    body = render_to_string("error.html", {"trouble": trouble, "text": text or trouble.text})
    response = HttpResponse(body, status=trouble.status)
    if trouble is NO_DATABASE:
        response["Retry-After"] = "5"
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400; the exception's text is for the log alone."""
    return error_page(BAD_REQUEST)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403."""
    return error_page(FORBIDDEN)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404."""
    return error_page(MISSING)


def server_error(request: HttpRequest) -> HttpResponse:
    """500, or 503 where the database failed outside a view, as in the session."""
    return error_page(NO_DATABASE if isinstance(sys.exc_info()[1], OperationalError) else BROKEN)
