"""`manage.py member set USER --rank RANK [--account-id ID]` and `list`: who may do what."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs import services
from jobs.errors import Conflict
from jobs.members import ACCOUNT_ID, account_of, rank_of
from jobs.models import Rank


class Command(BaseCommand):
    """Whoever runs it has the machine; the first administrators of an account come from here."""

    help = "Say in which account a user works, and with which rank; or list all users."

    def add_arguments(self, parser: CommandParser) -> None:
        """Two subcommands."""
        commands = parser.add_subparsers(dest="command", required=True)
        commands.add_parser("list", help="List all users with account and rank.")
        place = commands.add_parser("set", help="Give a user a rank, and perhaps an account.")
        place.add_argument("user", help="The name of the user.")
        place.add_argument("--rank", choices=Rank.values, required=True)
        place.add_argument(
            "--account-id", help=f"Default: the present one, else {settings.LADING_ACCOUNT_ID}."
        )

    def handle(self, *args: Any, **options: Any) -> str:
        """Do what was asked and say so."""
        if options["command"] == "list":
            people = get_user_model().objects.select_related("member").order_by("username")
            lines = [f"{one}  {account_of(one)}  {rank_of(one) or 'shut out'}" for one in people]
            return "\n".join(lines) or "No users."
        return _set(options)


def _set(options: dict[str, Any]) -> str:
    user = get_user_model().objects.filter(username=options["user"]).first()
    if user is None:
        raise CommandError(f"There is no user {options['user']!r}; `createsuperuser` makes one.")
    account_id = options["account_id"] or account_of(user)
    try:
        ACCOUNT_ID(account_id)
    except ValidationError as error:
        raise CommandError(f"--account-id: {error.messages[0]}") from None
    try:
        services.place_member(user, account_id, options["rank"])
    except Conflict as error:
        raise CommandError(str(error)) from None
    return f"{user} is {options['rank']} in {account_id}."
