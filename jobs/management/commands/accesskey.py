"""`manage.py accesskey create --user NAME`, `list` and `revoke ID`: keys that sign requests to the
S3 Control API.
"""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from jobs import services
from jobs.errors import InvalidRequest
from jobs.management.owners import add_owner, owner_of, told
from jobs.models import AccessKey


class Command(BaseCommand):
    """Whoever runs it has the machine, and so every right."""

    help = "Make, list or revoke access keys, which boto3 and the AWS CLI sign requests with."

    def add_arguments(self, parser: CommandParser) -> None:
        """Three subcommands."""
        commands = parser.add_subparsers(dest="command", required=True)
        commands.add_parser("list", help="List the keys of all users; never their secrets.")
        create = commands.add_parser(
            "create", help="Make a key and print it as JSON; its secret cannot be shown again."
        )
        add_owner(create)
        revoke = commands.add_parser("revoke", help="End a key at once.")
        revoke.add_argument("access_key_id", help="As `list` shows it.")

    def handle(self, *args: Any, **options: Any) -> str:
        """Do what was asked and say so."""
        match options["command"]:
            case "list":
                rows = AccessKey.objects.select_related("user").order_by("user__username", "pk")
                return "\n".join(map(_line, rows)) or "No access keys."
            case "revoke":
                return _revoke(options["access_key_id"])
        return _create(options)


def _create(options: dict[str, Any]) -> str:
    owner = owner_of(options)
    try:
        key, secret = services.issue_access_key(
            owner, {"label": options["label"], "expires_at": options["expires"]}
        )
    except InvalidRequest as error:
        raise CommandError(told(error)) from None
    return json.dumps({"AccessKeyId": key.access_key_id, "SecretAccessKey": secret})


def _revoke(access_key_id: str) -> str:
    key = AccessKey.objects.select_related("user").filter(access_key_id=access_key_id).first()
    if key is None:
        raise CommandError(f"There is no access key {access_key_id!r}.")
    services.end_credential(key)
    return f"The access key {access_key_id} is revoked."


def _line(key: AccessKey) -> str:
    used = f"{key.last_used_at:%Y-%m-%d %H:%M} UTC" if key.last_used_at else "never"
    label = f"  {key.label}" if key.label else ""
    state = key.state(timezone.now())
    return f"{key.access_key_id}  {key.user.get_username()}  {state}  last used: {used}{label}"
