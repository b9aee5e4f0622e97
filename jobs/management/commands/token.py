"""`manage.py token USER`: a new token for the JSON API."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs.accounts import ApiToken


class Command(BaseCommand):
    """Prints the token and nothing else; only its hash is kept, so it cannot be shown again."""

    help = "Make a new API token for a user and print it. Use it as `Authorization: Token …`."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whose."""
        parser.add_argument("user", help="The name of the user.")

    def handle(self, *args: Any, **options: Any) -> str:
        """Make it."""
        user = get_user_model()._default_manager.filter(username=options["user"]).first()
        if user is None or not user.is_active:
            raise CommandError(f"There is no active user {options['user']!r}.")
        return ApiToken.issue(user)
