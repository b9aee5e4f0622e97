"""Pages for what went wrong, in the product's own look.

They are rendered without the request, so that they need neither session nor database.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from django.core.exceptions import RequestDataTooBig
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from jobs.errors import InvalidRequest, JobError
from jobs.pages.labels import label_of


@dataclass(frozen=True)
class Trouble:
    """What an error page says."""

    status: int
    title: str
    text: str


BAD_REQUEST = Trouble(
    400,
    "That request cannot be read",
    "Something in it is not valid. Go back and begin again from a page of Lading.",
)
TOO_LARGE = Trouble(
    413,
    "That is too much to type",
    "The form takes 5 MB beside the file that is uploaded. Nothing was done. Go back, where your "
    "browser may have it still; save a long list as a file and upload that.",
)
FORBIDDEN = Trouble(
    403,
    "You may not do this",
    "Your rank is too low for it. An administrator can raise it on the page Members.",
)
MISSING = Trouble(
    404,
    "There is no such page",
    "It may have been removed, or belong to another account. "
    "Jobs are kept for 90 days after their end.",
)
CLASH = Trouble(
    409,
    "That is not possible now",
    "It has changed meanwhile. Look at it as it is now, then decide.",
)
BROKEN = Trouble(
    500,
    "Something went wrong here",
    "The error has been logged. Jobs that are running are not affected. Try again; if it stays, "
    "tell whoever runs this server when it was.",
)
NO_ROOM = Trouble(
    503,
    "There is no room for that",
    "The spool cannot be written. Whoever runs this server has to make room; nothing is lost.",
)
LOST = Trouble(
    500,
    "That file is not there any more",
    "It is missing from the spool, or was changed. Whoever runs this server should look at it.",
)
WRONG_METHOD = Trouble(
    405,
    "That address takes no such request",
    "It is the address of a button. Go to the page that has the button.",
)
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
    """400, or 413; the exception's text is for the log alone."""
    return error_page(TOO_LARGE if isinstance(exception, RequestDataTooBig) else BAD_REQUEST)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403."""
    return error_page(FORBIDDEN)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404."""
    return error_page(MISSING)


def server_error(request: HttpRequest) -> HttpResponse:
    """500, or 503 where the database failed outside a view, as in the session."""
    return error_page(NO_DATABASE if isinstance(sys.exc_info()[1], OperationalError) else BROKEN)


def sentence_of(error: JobError) -> str:
    """What is for people to read: fields by their labels, as a path is nothing that they know."""
    if not isinstance(error, InvalidRequest):
        return str(error)
    told = ((label_of(path), text) for path, texts in error.fields.items() for text in texts)
    return " ".join(f"{label}: {text}" if label else text for label, text in told)
