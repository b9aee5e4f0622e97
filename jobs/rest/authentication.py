"""`Authorization: Token …` for the JSON API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed

from jobs.accounts import ApiToken

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
        known = ApiToken.objects.select_related("user").filter(digest=digest).first()
        if known is None or not known.user.is_active:
            raise AuthenticationFailed("The token is not valid, or its user is no longer active.")
        vars(known.user)["with_token"] = known  # so that events can say which key it was
        return known.user, known

    def authenticate_header(self, request: Request) -> str:
        """What WWW-Authenticate says."""
        return SCHEME
