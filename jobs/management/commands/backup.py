"""`manage.py backup FOLDER`: database and spool, while the engine works."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs.backups.backup import back_up
from jobs.errors import BackupFailed

KEY = (
    "LADING_SECRET_KEY is not in it: keep it beside. Without it the secrets of the roles cannot be "
    "read."
)


class Command(BaseCommand):
    """Ends with an error, and leaves what restore refuses, unless the backup is whole."""

    help = "Take a backup of database and spool into a new folder. The engine may go on working."

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to."""
        parser.add_argument("folder", type=Path, help="A folder that does not exist or is empty.")
        parser.add_argument(
            "--without-lost-files",
            action="store_true",
            help="Take it all the same where the spool has lost files that jobs need.",
        )

    def handle(self, *args: Any, **options: Any) -> str:
        """Take it and say what is in it."""
        folder: Path = options["folder"].absolute()
        try:
            contents = back_up(
                folder, self.stdout.write, without_lost_files=options["without_lost_files"]
            )
        except BackupFailed as error:
            raise CommandError(str(error)) from None
        counted = ", ".join(f"{count:,} {name}" for name, count in contents.counts.items())
        told = [f"{folder} holds {counted}, {contents.files:,} files of {contents.bytes:,} bytes."]
        if contents.lost:
            told.append(f"{contents.lost_count:,} files are missing, as the spool has lost them.")
        return "\n".join([*told, KEY])
