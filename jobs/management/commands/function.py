"""`manage.py function set NAME URL`, `remove NAME` and `list`: where functions are called."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs import services
from jobs.errors import InvalidRequest, NotFound
from jobs.models import Function


class Command(BaseCommand):
    """What is not in the table is called on AWS, where the job's role is one of AWS."""

    help = "Set, remove or list functions: the servers that jobs of Invoke AWS Lambda call."

    def add_arguments(self, parser: CommandParser) -> None:
        """Three subcommands."""
        commands = parser.add_subparsers(dest="command", required=True)
        commands.add_parser("list", help="List the functions of all accounts.")
        told = {
            "set": "Say where a function is called, or change it.",
            "remove": "Forget where a function is called.",
        }
        for name, text in told.items():
            command = commands.add_parser(name, help=text)
            command.add_argument("name", help="The function's name, or its ARN.")
            if name == "set":
                command.add_argument("url", help="http(s)://host[:port] that speaks Invoke.")
            command.add_argument(
                "--account-id",
                default=settings.LADING_ACCOUNT_ID,
                help="Default: LADING_ACCOUNT_ID.",
            )

    def handle(self, *args: Any, **options: Any) -> str:
        """Do what was asked and say so."""
        match options["command"]:
            case "list":
                rows = Function.objects.order_by("account_id", "name")
                lines = [f"{row.name}  {row.account_id}  {row.url}" for row in rows]
                return "\n".join(lines) or "No functions."
            case "remove":
                return _remove(options["account_id"], options["name"])
        return _set(options["account_id"], options["name"], options["url"])


def _set(account_id: str, name: str, url: str) -> str:
    try:
        function = services.set_function(account_id, name, url)
    except InvalidRequest as error:
        faults = (f"{field}: {text}" for field, texts in error.fields.items() for text in texts)
        raise CommandError("\n".join(faults)) from None
    return f"The function {function.name} is called at {function.url}"


def _remove(account_id: str, name: str) -> str:
    try:
        services.remove_function(account_id, name)
    except NotFound as error:
        raise CommandError(str(error)) from None
    return f"The function {name} is in the table no more."
