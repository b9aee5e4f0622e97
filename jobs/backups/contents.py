"""What a backup says of itself: manifest.json, written last and read first."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.db import connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from jobs.backups.databases import FILES
from jobs.errors import BackupFailed
from jobs.spool import FolderSpool

NAME = "manifest.json"
FORMAT = 1
"""Raised when a backup can be read no more by what came before."""


@dataclass(frozen=True, slots=True)
class Contents:
    """A whole backup."""

    taken_at: str
    """By the database's clock."""
    database: str
    """Its vendor, as Django says it."""
    database_sha256: str
    migrations: dict[str, str]
    """The newest migration of each app that the database had."""
    counts: dict[str, int]
    files: int = 0
    bytes: int = 0
    list_sha256: str = ""
    lost: list[str] = field(default_factory=list)
    """The first of the files that the spool had lost."""
    lost_count: int = 0
    lading_backup: int = FORMAT

    def save(self, backup: Path) -> None:
        """Write manifest.json: from here on the backup is one."""
        with FolderSpool(location=str(backup)).placing(NAME) as out:
            out.write(json.dumps(asdict(self), indent=2).encode() + b"\n")

    @classmethod
    def of(cls, backup: Path) -> Contents:
        """What the backup in a folder says. Raises BackupFailed where it is none, or half of
        one.
        """
        try:
            told = json.loads((backup / NAME).read_bytes())
            version = told["lading_backup"]
        except FileNotFoundError:
            raise BackupFailed(_half_or_none(backup)) from None
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise BackupFailed(f"{backup / NAME} cannot be read: {error}.") from None
        if version != FORMAT:
            raise BackupFailed(
                f"The backup has form {version}, and this Lading reads form {FORMAT}: "
                "restore it with the release that made it."
            )
        return cls(**told)


def _half_or_none(backup: Path) -> str:
    if any((backup / name).exists() for name in FILES.values()):
        return f"{backup} holds half a backup: it did not come to its end. Take another one."
    return f"{backup} holds no backup: it has no {NAME}."


def moment_of(taken_at: str) -> datetime:
    """What `clock` told, to the second after it."""
    told = datetime.strptime(taken_at, "%Y-%m-%d %H:%M:%S UTC")
    return told.replace(tzinfo=UTC) + timedelta(seconds=1)


def clock(alias: str) -> str:
    """The database's time, in UTC, to the second."""
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT CURRENT_TIMESTAMP")
        (now,) = cursor.fetchone()
    return f"{str(now)[:19]} UTC"


def newest_migrations(alias: str) -> dict[str, str]:
    """The newest migration of each app that the database has."""
    return dict(sorted(MigrationRecorder(connections[alias]).applied_migrations()))


def unknown_migrations(migrations: dict[str, str]) -> list[str]:
    """Those of our apps that this code does not have."""
    loader = MigrationLoader(None)
    return [
        f"{app}.{name}"
        for app, name in migrations.items()
        if app in loader.migrated_apps and (app, name) not in loader.disk_migrations
    ]


def digest_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
