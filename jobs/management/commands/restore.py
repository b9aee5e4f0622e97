"""`manage.py restore FOLDER`: database and spool from a backup."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs.backups.restore import Restored, restore
from jobs.errors import BackupFailed


class Command(BaseCommand):
    """Overwrites nothing: the database has to be empty."""

    help = "Put a backup back into an empty database and the spool; unfinished jobs are held."
    # The checks open the database, whose folder is made first.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Where from."""
        parser.add_argument("folder", type=Path, help="What `manage.py backup` wrote.")

    def handle(self, *args: Any, **options: Any) -> str:
        """Put it back and say what is to be done."""
        try:
            done = restore(options["folder"].absolute(), self.stdout.write)
        except BackupFailed as error:
            raise CommandError(str(error)) from None
        return "\n".join(_told(done))


def _told(done: Restored) -> list[str]:
    contents = done.contents
    told = [f"All is as it was at {contents.taken_at}: {contents.counts['jobs']:,} jobs."]
    if done.held:
        told.append(
            f"{done.held:,} unfinished jobs are paused: what they did after the backup is not "
            "known here, and would be done again. Start Lading, look at each of them, and resume "
            "or cancel it."
        )
    if done.unreadable:
        told.append(
            f"The secrets of {', '.join(done.unreadable)} cannot be read with this "
            "LADING_SECRET_KEY. Start with the key of the time of the backup, or set them again "
            "(manage.py role set)."
        )
    return told
