"""Forms that come too late: the session is gone, or their token is that of an earlier login.

Nothing is done with them. The form of a new job is long, so its fields are held on the page that
says so, to be gone on with after the login. No other form's are:

- Of some it would be dangerous. Passwords and secret keys must not come back in a page; and a
  decision that was held would wait for one click, whoever had it sent.
- What is held is sent to an address that only fills the form in again (`refilling`): it makes no
  job and keeps no list. Each step is gone through, and reviewed, before anything happens. So it
  does no harm where the fields are somebody else's.
- Nothing is held of what another site has sent, as far as the browser tells.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme

HOLD = frozenset({"job_new", "job_new_again"})
"""The names of the addresses whose fields are held."""
TOKEN = "csrfmiddlewaretoken"
LOST_FILE = "lost_file"
"""Names a file that came with the form: a page cannot hand one on."""
LOGGED_OUT = "You are logged out"
EXPIRED = "The form has expired"


def logged_out(request: HttpRequest) -> HttpResponse:
    """401 for what a stranger has sent: a page, or one line for the script."""
    if is_from_script(request):
        return _challenge(HttpResponse(f"{LOGGED_OUT}.", "text/plain", 401))
    held = _held(request) if name_of(request) in HOLD else []
    return _challenge(_page(request, LOGGED_OUT, 401, held))


def expired(request: HttpRequest) -> HttpResponse:
    """403 for a form with an old token, or none."""
    return _page(request, EXPIRED, 403, [])


def is_from_script(request: HttpRequest) -> bool:
    """True of what htmx asks for."""
    return "HX-Request" in request.headers


def name_of(request: HttpRequest) -> str | None:
    """The name of the address that was asked."""
    return request.resolver_match.url_name if request.resolver_match else None


def lost_files(request: HttpRequest) -> list[str]:
    """The names of the files that were sent, with this form or before it was held."""
    sent = [str(file) for _, files in request.FILES.lists() for file in files]
    return [*request.POST.getlist(LOST_FILE), *sent]


def _held(request: HttpRequest) -> list[tuple[str, str]]:
    """Every value of every field, but for the token, which is an old one by then."""
    leave_out = {TOKEN, LOST_FILE}
    fields = request.POST.lists()
    held = [(name, value) for name, values in fields for value in values if name not in leave_out]
    return held + [(LOST_FILE, name) for name in lost_files(request)]


def _page(
    request: HttpRequest, title: str, status: int, held: Sequence[tuple[str, str]]
) -> HttpResponse:
    context = {
        "title": title,
        "status": status,
        "is_stranger": title == LOGGED_OUT,
        "held": held,
        "lost_files": lost_files(request) if held else [],
        "back": _back(request),
    }
    return render(request, "lapsed.html", context, status=status)


def _back(request: HttpRequest) -> str:
    """The page on which the form was, else the list of jobs."""
    seen = request.headers.get("Referer", "")
    is_ours = url_has_allowed_host_and_scheme(
        seen, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return seen if is_ours else resolve_url("job_list")


def _challenge(response: HttpResponse) -> HttpResponse:
    """HTTP wants to be told how to get in; no browser knows this way, so it asks nobody."""
    response["WWW-Authenticate"] = 'Session realm="Lading"'
    return response
