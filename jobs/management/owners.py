"""Whose a new token or key is, and until when: arguments that two commands share."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.core.management.base import CommandError

from jobs.errors import InvalidRequest

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def add_owner(parser: ArgumentParser, *, positional: bool = False) -> None:
    """Whose, what for, until when."""
    if positional:
        parser.add_argument("user", help="The name of the user.")
    else:
        parser.add_argument("--user", required=True, help="The name of the user.")
    parser.add_argument("--label", default="", help="What it is for; at most 64 characters.")
    parser.add_argument(
        "--expires", help="When it ceases to work, such as 2027-01-31T00:00:00Z; default: never."
    )


def owner_of(options: dict[str, Any]) -> User:
    """The user that was named; raises CommandError."""
    user = get_user_model()._default_manager.filter(username=options["user"]).first()
    if user is None or not user.is_active:
        raise CommandError(f"There is no active user {options['user']!r}.")
    return user


def told(error: InvalidRequest) -> str:
    """The faults, by the names of the options."""
    names = {"expires_at": "--expires", "label": "--label"}
    return "\n".join(
        f"{names.get(field, field)}: {text}"
        for field, texts in error.fields.items()
        for text in texts
    )
