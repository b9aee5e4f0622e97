"""Who may see a page, and how its answer may be kept."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import get_token
from django.utils.cache import patch_cache_control, patch_vary_headers
from django_htmx.middleware import HtmxDetails

from jobs.members import Rank, may, require
from jobs.pages.lapsed import logged_out

P = ParamSpec("P")

TOKEN_HEADER = "X-CSRFToken"
"""As Django calls it in requests; here of answers, for the script."""


class Rights:
    """What the person may do, for templates; the verbs of services.py decide anyway."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @property
    def submit(self) -> bool:
        """Hand in lists and create jobs."""
        return may(self._request.user, Rank.SUBMITTER)

    @property
    def operate(self) -> bool:
        """Decide on every job."""
        return may(self._request.user, Rank.OPERATOR)

    @property
    def administer(self) -> bool:
        """Change roles, functions, members, and keys of others."""
        return may(self._request.user, Rank.ADMINISTRATOR)


def rights(request: HttpRequest) -> dict[str, Rights]:
    """Context processor: `may.submit`, `may.operate`, `may.administer`."""
    return {"may": Rights(request)}


class PageRequest(HttpRequest):
    """A request of somebody who is signed in, as HtmxMiddleware hands it on."""

    user: User
    htmx: HtmxDetails


Page = Callable[Concatenate[PageRequest, P], HttpResponseBase]


def signed_in(page: Page[P]) -> Page[P]:
    """Send strangers to the login, unless they have sent something or only a fragment asks: a page
    on which somebody types is not taken away.

    Page and fragment share a URL, so caches must keep them apart, and must not keep fragments.
    With a fragment comes the token that is right now, after a login elsewhere another one: so the
    forms of a page that was open go on.
    """

    @wraps(page)
    def answer(request: PageRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        is_known = request.user.is_authenticated
        response = page(request, *args, **kwargs) if is_known else _stranger(request)
        if isinstance(response, HttpResponse):
            patch_vary_headers(response, ["HX-Request"])
            if request.htmx:
                patch_cache_control(response, no_store=True)
                if is_known:
                    response[TOKEN_HEADER] = get_token(request)
        return response

    return answer


def for_rank(needed: Rank, what: str) -> Callable[[Page[P]], Page[P]]:
    """Refuse also to show a page to people whose every answer the verb behind it would refuse."""

    def restricted(page: Page[P]) -> Page[P]:
        @wraps(page)
        def answer(request: PageRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            require(request.user, needed, what)
            return page(request, *args, **kwargs)

        return answer

    return restricted


def _stranger(request: PageRequest) -> HttpResponse:
    """Back to the page that the person wanted, once signed in. What was sent, or asked for by a
    script, would be lost on the way.
    """
    if request.method == "POST" or request.htmx:
        return logged_out(request)
    return redirect_to_login(request.get_full_path())
