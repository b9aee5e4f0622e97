"""How often a token, or the session of a user, may ask the JSON API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.throttling import BaseThrottle

from jobs.throttle import over_limit

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView


class PerKey(BaseThrottle):
    """Each token has its own count, and all sessions of a user have one."""

    seconds: float | None = None

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Count it. Strangers were turned away before; what they may see is public and cheap."""
        if request.user.is_authenticated:
            key = f"token {request.auth.pk}" if request.auth else f"user {request.user.pk}"
            self.seconds = over_limit(key)
        return self.seconds is None

    def wait(self) -> float | None:
        """For Retry-After."""
        return self.seconds
