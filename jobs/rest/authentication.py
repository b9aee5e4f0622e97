"""`Authorization: Token …` for the JSON API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed

from jobs.credentials import ApiToken

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from rest_framework.request import Request

SCHEME = "Token"


class ApiTokenAuthentication(BaseAuthentication):
    """The user of a token that `manage.py token USER` has issued.

    It stands first in the settings: its header makes a request without credentials a 401,
    where that of sessions alone would make it a 403.
    """

    def authenticate(self, request: Request) -> tuple[AbstractBaseUser, ApiToken] | None:
        """The user and the token, or None where the request brings no token at all."""
        scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").strip().partition(" ")
        if scheme.lower() != SCHEME.lower():
            return None
        digest = ApiToken.digest_of(token.strip())
        known = ApiToken.usable().filter(digest=digest).first()
        if known is None:
            raise AuthenticationFailed(
                "The token is not valid: unknown, revoked or expired, or its user was shut out."
            )
        known.used()
        vars(known.user)["with_credential"] = known  # so that events can say which one it was
        return known.user, known

    def authenticate_header(self, request: Request) -> str:
        """What WWW-Authenticate says."""
        return SCHEME
