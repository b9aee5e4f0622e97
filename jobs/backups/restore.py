"""Putting a backup back: into an empty database, and with every unfinished job held."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db.models import F, Model

from jobs import services
from jobs.backups import databases, files
from jobs.backups.contents import Contents, digest_of, moment_of, unknown_migrations
from jobs.database import write
from jobs.errors import BackupFailed
from jobs.models import Job, Lane, Manifest, Node, Role, Slice, recent
from jobs.presence import NODE_SECONDS
from jobs.secrecy import SecretUnreadable
from jobs.status import CANCELLABLE

Say = Callable[[str], object]

IN_THE_WAY: dict[str, type[Model]] = {
    "jobs": Job,
    "manifests": Manifest,
    "roles": Role,
    "users": get_user_model(),
}
"""What a restore would destroy."""
LONG_AGO = 3600.0


@dataclass(frozen=True, slots=True)
class Restored:
    """What is there after a restore."""

    contents: Contents
    held: int
    """Unfinished jobs that go on only when a person resumes them."""
    unreadable: list[str]
    """Roles whose secret was sealed with another key than ours."""


def restore(folder: Path, say: Say) -> Restored:
    """Make database and spool what they were at the time of the backup.

    Everything is checked before anything is changed. Raises BackupFailed where the backup is half,
    damaged, of another kind of database or of a newer Lading, where the database holds something,
    and while an engine is alive.
    """
    contents = Contents.of(folder)
    _refuse_what_does_not_fit(contents)
    _refuse_to_overwrite()
    say(f"Checking the backup of {contents.taken_at}: {contents.files:,} files.")
    _check(folder, contents)
    say("Putting it back. Start no engine and no web server before this has ended.")
    try:
        _put_back(folder)
        call_command("migrate", interactive=False, verbosity=0)
        held = _make_safe(contents)
    except (OSError, DatabaseError, BackupFailed) as error:
        raise BackupFailed(
            f"{error}\nThe restore did not come to its end. Start no engine on this database: "
            "empty it, and restore again."
        ) from None
    return Restored(contents, held, unreadable_roles())


# ---- before anything is changed


def _refuse_what_does_not_fit(contents: Contents) -> None:
    if contents.database != connection.vendor:
        raise BackupFailed(
            f"The backup is of {contents.database}, and DATABASE_URL names {connection.vendor}: "
            "restore it into a database of its own kind."
        )
    if unknown := unknown_migrations(contents.migrations):
        raise BackupFailed(
            f"The backup is of a newer Lading, with {', '.join(unknown)}: restore it with that "
            "release or a later one."
        )


def _refuse_to_overwrite() -> None:
    if connection.vendor == "sqlite":
        settings.LADING_DATA.mkdir(parents=True, exist_ok=True)
    tables = databases.tables()
    if Node._meta.db_table in tables and _alive():
        raise BackupFailed(
            "An engine is running on this database. Stop all engines and web servers first."
        )
    held = [
        f"{count:,} {name}"
        for name, model in IN_THE_WAY.items()
        if model._meta.db_table in tables and (count := model._default_manager.count())
    ]
    if held:
        raise BackupFailed(
            f"The database holds {', '.join(held)}. A restore overwrites nothing: point "
            "DATABASE_URL at an empty database, or move this one away."
        )


def _alive() -> bool:
    return Node.objects.filter(beat_at__gt=recent(NODE_SECONDS)).exists()


def _check(folder: Path, contents: Contents) -> None:
    """Every byte of the backup is what was written."""
    sums = {
        databases.file_in(folder): contents.database_sha256,
        folder / files.LIST: contents.list_sha256,
    }
    for path, digest in sums.items():
        if not path.exists() or digest_of(path) != digest:
            raise BackupFailed(f"{path} is not what was written: the backup is damaged.")
    place = files.folder_of(folder)
    for _ in files.each(
        lambda kept: files.check(kept, place), files.read_list(folder / files.LIST)
    ):
        pass


# ---- putting it back


def _put_back(folder: Path) -> None:
    """The files come first: a database never names what is not there."""
    place = files.folder_of(folder)
    listed = files.read_list(folder / files.LIST)
    for _ in files.each(lambda kept: files.put_back(kept, place), listed):
        pass
    databases.load(folder)


def _make_safe(contents: Contents) -> int:
    """In one transaction, so that no engine sees a job before it is held."""
    with write():
        early = Node.objects.filter(started_at__gt=moment_of(contents.taken_at))
        if early.filter(beat_at__gt=recent(NODE_SECONDS)).exists():
            raise BackupFailed("An engine was started on the database meanwhile: stop it.")
        forget_the_past()
        return hold_unfinished(contents)


def forget_the_past() -> None:
    """Nothing is under a lease, and no engine or lane of the time of the backup is alive.

    Epochs are raised, so that a lane that outlived its database can commit nothing into this one.
    What lanes may have started stays in doubt until it is done.
    """
    free = {"owner": "", "lease_until": None, "epoch": F("epoch") + 1}
    with write():
        Slice.objects.filter(state=Slice.State.RUNNING).update(state=Slice.State.READY, **free)
        Job.objects.exclude(owner="").update(**free)
        Lane.objects.all().delete()
        # The first engine forgets them, with their queues.
        Node.objects.update(beat_at=recent(LONG_AGO))


def hold_unfinished(contents: Contents) -> int:
    """Hold what would go on by itself: tasks that were done after the backup would be done again.

    A job that was ending already only writes its report, and goes on. Returns how many are held.
    """
    reason = f"restored from the backup of {contents.taken_at}"
    to_go_on = Job.objects.filter(status__in=CANCELLABLE)
    for pk in list(to_go_on.filter(held_by="").values_list("pk", flat=True)):
        services.hold_job(Job.objects.get(pk=pk), "restore", reason)
    return to_go_on.exclude(held_by="").count()


def unreadable_roles() -> list[str]:
    """The roles whose secret cannot be read with our LADING_SECRET_KEY."""
    return [role.name for role in Role.objects.order_by("name") if not _is_readable(role)]


def _is_readable(role: Role) -> bool:
    try:
        return bool(role.secret_access_key)
    except SecretUnreadable:
        return False
