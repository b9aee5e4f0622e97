"""`manage.py unlock`: let people log in again who tried too often."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from jobs import logins


class Command(BaseCommand):
    """Without it they wait for a quarter of an hour."""

    help = "Forget how often somebody tried to log in: one user, one address, or everybody."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whom."""
        parser.add_argument("user", nargs="?", default="", help="A user's name; default: all.")
        parser.add_argument(
            "--address", default="", help="Only attempts from there, as the log names it."
        )

    def handle(self, *args: Any, **options: Any) -> str:
        """Do it and say so."""
        count = logins.unlock(options["user"], options["address"])
        return f"Attempts of {count} name{'s' if count != 1 else ''} and addresses are forgotten."
