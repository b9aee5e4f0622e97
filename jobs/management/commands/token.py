"""`manage.py token USER`: a new token for the JSON API."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs import services
from jobs.errors import InvalidRequest
from jobs.management.owners import add_owner, owner_of, told


class Command(BaseCommand):
    """Prints the token and nothing else; only its hash is kept, so it cannot be shown again."""

    help = "Make a new API token for a user and print it. Use it as `Authorization: Token …`."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whose, what for, until when."""
        add_owner(parser, positional=True)

    def handle(self, *args: Any, **options: Any) -> str:
        """Make it."""
        given = {"label": options["label"], "expires_at": options["expires"]}
        try:
            return services.issue_token(owner_of(options), given)[1]
        except InvalidRequest as error:
            raise CommandError(told(error)) from None
