"""Who may see a page, and how its answer may be kept."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from jobs.members import Rank, may, require

P = ParamSpec("P")


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
    """Send strangers to the login: the whole browser, also when only a fragment asked.

    Page and fragment share a URL, so caches must keep them apart, and must not keep fragments.
    """

    @wraps(page)
    def answer(request: PageRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return _to_login(request)
        response = page(request, *args, **kwargs)
        if isinstance(response, HttpResponse):
            patch_vary_headers(response, ["HX-Request"])
            if request.htmx:
                patch_cache_control(response, no_store=True)
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


def _to_login(request: PageRequest) -> HttpResponse:
    """Back to the page that the person looks at, once signed in."""
    if not request.htmx:
        return redirect_to_login(request.get_full_path())
    seen = request.htmx.current_url_abs_path or request.path
    if not url_has_allowed_host_and_scheme(seen, allowed_hosts=None):
        seen = request.path
    return HttpResponseClientRedirect(f"{resolve_url('login')}?{urlencode({'next': seen})}")
