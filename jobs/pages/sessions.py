"""How long a session lasts, and what a browser is told of every answer."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse

from jobs.logins import BEGUN, SEEN

SEEN_SECONDS = 300
"""The last request is written down at most this often: reading must not cost a write each time."""
HEADERS = {
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Sessions:
    """Ends sessions that are idle or old. What a page asks for by itself, every other second, is no
    sign that anybody is there.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Before and after the view."""
        if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
            self._look_at(request)
        response = self.get_response(request)
        for name, value in HEADERS.items():
            response.setdefault(name, value)
        return response

    def _look_at(self, request: HttpRequest) -> None:
        now, session = int(time.time()), request.session
        # Sessions from before there was a limit begin with their next request.
        begun, seen = session.setdefault(BEGUN, now), session.setdefault(SEEN, now)
        if now - begun > settings.SESSION_COOKIE_AGE or now - seen > settings.SESSION_IDLE_SECONDS:
            logout(request)
        elif now - seen > SEEN_SECONDS and "HX-Request" not in request.headers:
            session[SEEN] = now
