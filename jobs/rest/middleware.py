"""Answers of the JSON API that clients ask for again and again: "as before" costs no more bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.middleware.http import ConditionalGetMiddleware

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

PREFIX = "/api/"


class ConditionalAnswers(ConditionalGetMiddleware):
    """An ETag for every answer to a GET, and 304 where If-None-Match names it. Whoever keeps an
    answer asks each time whether it still holds.
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Other doors have their own ways."""
        if not request.path_info.startswith(PREFIX):
            return response
        response.setdefault("Cache-Control", "private, no-cache")
        return super().process_response(request, response)  # type: ignore[arg-type]
