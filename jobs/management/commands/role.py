"""`manage.py role set NAME …`, `role list` and `role probe NAME`: roles without a browser."""

from __future__ import annotations

import re
import sys
from argparse import ArgumentParser
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.settings import env_text
from jobs import services
from jobs.errors import InvalidRequest
from jobs.models import Role

if TYPE_CHECKING:
    from jobs.probing import Row

VALUES = ("endpoint_url", "region", "addressing", "scratch_bucket", "scratch_prefix")


class Command(BaseCommand):
    """Credentials also come from the environment or standard input, which `ps` does not show."""

    help = "Set, list or probe roles: the identities with which jobs reach a store."

    def add_arguments(self, parser: CommandParser) -> None:
        """Three subcommands."""
        commands = parser.add_subparsers(dest="command", required=True)
        commands.add_parser("list", help="List the roles; never their secrets.")
        _options(commands.add_parser("set", help="Make a role, or change what is given of it."))
        probe = commands.add_parser("probe", help="Try what the role's store really does.")
        probe.add_argument("name", help="What jobs call it.")
        probe.add_argument("--account-id", default=settings.LADING_ACCOUNT_ID)
        probe.add_argument(
            "--bucket", default="", help="Where scratch objects may be written and deleted."
        )

    def handle(self, *args: Any, **options: Any) -> str:
        """Do what was asked and say so."""
        if options["command"] == "list":
            lines = [_line(role) for role in Role.objects.order_by("account_id", "name")]
            return "\n".join(lines) or "No roles."
        return _probe(options) if options["command"] == "probe" else _set(options)


def _options(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("name", help="What jobs call it.")
    add("--account-id", default=settings.LADING_ACCOUNT_ID, help="Default: LADING_ACCOUNT_ID.")
    add("--endpoint-url", help="http(s)://host[:port] of the store; leave it out for AWS.")
    add("--region", help="Default for a new role: us-east-1.")
    add("--addressing", choices=Role.Addressing.values, help="How a bucket stands in the URL.")
    add(
        "--requests-per-second",
        help="A ceiling for all jobs at the store together; `none` removes it.",
    )
    add("--scratch-bucket", help="Where operations are tried; default: the job's own bucket.")
    add("--scratch-prefix", help="What the keys of scratch objects begin with.")
    add("--access-key-id", help="Or LADING_ROLE_ACCESS_KEY_ID in the environment.")
    add(
        "--secret-access-key",
        help="`-` reads a line from standard input; or LADING_ROLE_SECRET_ACCESS_KEY in the "
        "environment. Given in full, others on this machine may see it.",
    )


def _set(options: dict[str, Any]) -> str:
    values = {name: options[name] for name in VALUES if options[name] is not None}
    if (rate := options["requests_per_second"]) is not None:
        values["requests_per_second"] = _rate(rate)
    if key_id := options["access_key_id"] or env_text("LADING_ROLE_ACCESS_KEY_ID", ""):
        values["access_key_id"] = key_id
    try:
        role = services.set_role(
            options["account_id"], options["name"], secret_access_key=_secret(options), **values
        )
    except InvalidRequest as error:
        raise CommandError(_faults(error)) from None
    return f"The role {role.name} is set: {role.arn}"


def _rate(text: str) -> int | str | None:
    """The number; what is none is for the verb to refuse."""
    if text == "none":
        return None
    return int(text) if re.fullmatch(r"[0-9]{1,10}", text) else text


def _probe(options: dict[str, Any]) -> str:
    role = Role.objects.filter(account_id=options["account_id"], name=options["name"]).first()
    if role is None:
        raise CommandError(f"There is no role {options['name']!r}.")
    try:
        tried = services.probe_role(role, options["bucket"], by_operator=True)
    except InvalidRequest as error:
        raise CommandError(_faults(error)) from None
    return "\n".join([*map(_row, services.matrix(role)), *filter(None, [tried.told()])])


def _row(row: Row) -> str:
    """What is known, and from when and where: it need not have been found just now."""
    if not row.trial or not row.is_tried:
        return f"{row.name:<26}{'Not tried yet' if row.is_tried else 'Cannot be tried'}"
    trial = row.trial
    return (
        f"{row.name:<26}{trial.get_finding_display():<20}{trial.detail} "
        f"({trial.bucket}, {trial.tried_at:%Y-%m-%d %H:%M} UTC)"
    )


def _secret(options: dict[str, Any]) -> str | None:
    """The secret from wherever it was given; None leaves that of an existing role as it is."""
    given = options["secret_access_key"] or env_text("LADING_ROLE_SECRET_ACCESS_KEY", "")
    if given == "-":
        given = sys.stdin.readline().strip()
        if not given:
            raise CommandError(
                "--secret-access-key: standard input has no secret on its first line."
            )
    return given or None


def _faults(error: InvalidRequest) -> str:
    return "\n".join(
        f"--{name.replace('_', '-')}: {text}"
        for name, texts in error.fields.items()
        for text in texts
    )


def _line(role: Role) -> str:
    place = role.endpoint_url or "AWS"
    rate = role.requests_per_second
    ceiling = f"  {rate} requests/s" if rate else ""
    return f"{role.name}  {role.arn}  {place}  {role.region}  {role.addressing}{ceiling}"
