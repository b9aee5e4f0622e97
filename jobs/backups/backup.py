"""Taking a backup: the database's snapshot, then every file that its rows name."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import IO

from django.contrib.auth import get_user_model
from django.db import DatabaseError, connection

from jobs.backups import databases, files
from jobs.backups.contents import Contents, clock, digest_of, newest_migrations
from jobs.errors import BackupFailed
from jobs.models import Job, Manifest, Role, Slice
from jobs.status import FINAL

Say = Callable[[str], object]

TOLD = 20
"""Lost files that are named; further ones are counted."""
TELL_EVERY = 10_000


def back_up(folder: Path, say: Say, *, without_lost_files: bool = False) -> Contents:
    """Take a backup into a folder that is empty or not there yet, while the engine works.

    Raises BackupFailed, also where the spool has lost a file that a row names; with
    `without_lost_files` the backup is taken without it.
    """
    try:
        _make(folder)
        wanted = folder / "named.jsonl"
        contents = _take_snapshot(folder, wanted)
        say(f"The database is as of {contents.taken_at}; its files follow.")
        contents = _Copying(folder, say).run(wanted, contents)
        wanted.unlink()
        if contents.lost and not without_lost_files:
            raise BackupFailed(_told_of_lost(contents))
        contents.save(folder)
    except OSError as error:
        raise BackupFailed(f"The backup cannot be written: {error}.") from None
    except DatabaseError as error:
        raise BackupFailed(f"The database cannot be read: {error}") from None
    return contents


def _make(folder: Path) -> None:
    """The folder is for its owner alone: it holds hashes of passwords and sealed secrets."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise BackupFailed(f"{folder} is not empty. Give a folder that does not exist yet.")
    folder.chmod(0o700)


def _take_snapshot(folder: Path, wanted: Path) -> Contents:
    """Copy the database, and write down the files that it names."""
    with databases.snapshot(folder) as alias, wanted.open("wb") as out:
        taken_at, counts = clock(alias), _counts(alias)
        migrations = newest_migrations(alias)
        for kept in files.named(alias):
            out.write(kept.line)
    path = databases.file_in(folder)
    _sync(path)
    return Contents(taken_at, connection.vendor, digest_of(path), migrations, counts)


def _counts(alias: str) -> dict[str, int]:
    jobs = Job.objects.using(alias)
    return {
        "jobs": jobs.count(),
        "unfinished jobs": jobs.exclude(status__in=FINAL).count(),
        "slices": Slice.objects.using(alias).count(),
        "manifests": Manifest.objects.using(alias).count(),
        "roles": Role.objects.using(alias).count(),
        "users": get_user_model()._default_manager.using(alias).count(),
    }


class _Copying:
    """The files on their way from the spool into the backup."""

    def __init__(self, folder: Path, say: Say) -> None:
        self.folder, self.say = folder, say
        self.files = self.bytes = self.lost_count = 0
        self.lost: list[str] = []

    def run(self, wanted: Path, contents: Contents) -> Contents:
        """Copy all that is wanted, and list what was copied."""
        path = self.folder / files.LIST
        with path.open("wb") as listed:
            self.copy(wanted, listed)
        _sync(path)
        return replace(
            contents,
            files=self.files,
            bytes=self.bytes,
            lost=self.lost,
            lost_count=self.lost_count,
            list_sha256=digest_of(path),
        )

    def copy(self, wanted: Path, listed: IO[bytes]) -> None:
        """A few at a time; what is gone by now may be gone with its job."""
        place = files.folder_of(self.folder)
        copied = files.each(lambda kept: files.fetch(kept, place), files.read_list(wanted))
        for kept, is_there in copied:
            if is_there:
                listed.write(kept.line)
                self.files += 1
                self.bytes += kept.size
                if self.files % TELL_EVERY == 0:
                    self.say(f"  {self.files:,} files")
            elif files.is_wanted(kept):
                self.lost_count += 1
                self.lost = [*self.lost, kept.name][:TOLD]


def _told_of_lost(contents: Contents) -> str:
    names = "".join(f"\n  {name}" for name in contents.lost)
    more = contents.lost_count - len(contents.lost)
    return (
        f"The spool has lost {contents.lost_count:,} files that rows of the database name:{names}"
        + (f"\n  … and {more:,} more" if more else "")
        + "\nFind them, or take the backup with --without-lost-files: the jobs that need them "
        "will fail."
    )


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
