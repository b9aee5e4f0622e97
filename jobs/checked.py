"""Values that people hand in, checked the same way for every verb."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.accounts import MOST_REQUESTS_PER_SECOND
from jobs.errors import InvalidRequest

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser


def ceiling(rate: object) -> int | None:
    """A ceiling as it was handed in; True would pass for 1."""
    if rate is None:
        return None
    if (
        isinstance(rate, int)
        and not isinstance(rate, bool)
        and 1 <= rate <= MOST_REQUESTS_PER_SECOND
    ):
        return rate
    told = f"Give a whole number of requests per second, 1 to {MOST_REQUESTS_PER_SECOND}, or none."
    raise InvalidRequest({"requests_per_second": [told]})


def checked_reason(reason: str) -> str:
    """A reason as AWS takes it (StatusUpdateReason)."""
    if len(reason) > 256:
        raise InvalidRequest({"reason": ["A reason has at most 256 characters."]})
    return reason


def name_of(user: AbstractBaseUser | AnonymousUser) -> str:
    """How the user is called in events: with the token or key that was used, if any."""
    name = user.get_username() or "anonymous"
    credential = vars(user).get("with_credential")
    return f"{name} ({credential.name})" if credential else name
