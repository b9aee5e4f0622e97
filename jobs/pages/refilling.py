"""The form of a new job that came too late is shown again as it was sent: see `lapsed` for why that
one, and why nothing can come of it.
"""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import get_token
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from jobs.errors import JobError
from jobs.members import may
from jobs.models import Rank
from jobs.pages import creation, lapsed
from jobs.pages.access import TOKEN_HEADER, PageRequest, for_rank, signed_in

OF_THE_TOKEN = ("CSRF cookie", "CSRF token")
"""How the reasons begin that do not speak of another site."""
OPEN = frozenset({"login", "logout"})
"""The names of the addresses to which strangers send forms."""
AS_SENT = "This is the form as you had sent it. Nothing is created yet."
EXPIRED = (
    "The form had expired, as forms do when you log in again. Nothing was done. This is what you "
    "have sent: look at it, and go on."
)


@signed_in
@for_rank(Rank.SUBMITTER, "Creating a job")
@require_http_methods(["GET", "HEAD", "POST"])
def job_new_again(request: PageRequest) -> HttpResponseBase:
    """Where the page of a lost session sends what it holds. It stands in the address bar then: who
    comes back to it without a form gets an empty one.
    """
    if request.method != "POST":
        return redirect("job_new")
    return _filled_again(request, AS_SENT, 200)


def refused(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    """The answer to a form without the right token, as CSRF_FAILURE_VIEW: nothing is done.

    Whoever logs in again in another tab has an old token on every page that is open.
    """
    if lapsed.is_from_script(request):
        return _told_script(request)
    if not reason.startswith(OF_THE_TOKEN) or lapsed.name_of(request) in OPEN:
        return lapsed.expired(request)
    if not request.user.is_authenticated:
        return lapsed.logged_out(request)
    if lapsed.name_of(request) not in lapsed.HOLD or not may(request.user, Rank.SUBMITTER):
        return lapsed.expired(request)
    told = AS_SENT if lapsed.name_of(request) == "job_new_again" else EXPIRED
    try:
        return _filled_again(cast(PageRequest, request), told, 403)
    except JobError:
        return lapsed.expired(request)


def _told_script(request: HttpRequest) -> HttpResponse:
    """With the token that is right now, the same page can ask again."""
    if not request.user.is_authenticated:
        return lapsed.logged_out(request)
    answer = HttpResponse("The form has expired.", "text/plain", 403)
    answer[TOKEN_HEADER] = get_token(request)
    return answer


def _filled_again(request: PageRequest, told: str, status: int) -> HttpResponseBase:
    if lost := lapsed.lost_files(request):
        told += f" A file could not be held: choose {', '.join(lost)} again."
    return creation.filled_again(request, told, status)
