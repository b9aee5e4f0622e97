"""Answers the S3 Control API before anybody asks what this host is called: clients put the id of
the account in front of the name, and no list could hold them all (spec.md 3.2). The signature
vouches for the name here.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from jobs.s3control.views import call

START = "/v20180820/"
"""What the path of every call begins with."""


class AnyHost:
    """Stands before what looks at ALLOWED_HOSTS, sessions and cookies: none of it is for programs
    that sign. Whatever else comes goes on.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, or let somebody else do it."""
        if request.path_info.startswith(START):
            return call(request)
        return self._get_response(request)
