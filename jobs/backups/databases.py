"""A snapshot of the database in a file, and the database made from such a file."""

from __future__ import annotations

import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from django.db import DatabaseError, connection, connections, transaction
from psycopg import pq
from psycopg.conninfo import make_conninfo

from jobs.errors import BackupFailed

FILES = {"sqlite": "database.sqlite3", "postgresql": "database.pgdump"}
COPY = "backup"
"""The alias under which the copy of an SQLite database is read."""
FOREIGN_OPTIONS = {"password", "passfile"}


def file_in(folder: Path) -> Path:
    """Where the snapshot of this kind of database lies in a backup."""
    return folder / FILES[connection.vendor]


@contextmanager
def snapshot(folder: Path) -> Iterator[str]:
    """Write the snapshot. What the block reads under the alias is what is in it, to the row."""
    path = file_in(folder)
    if connection.vendor == "sqlite":
        _copy_sqlite(path)
        with _opened(path) as alias:
            yield alias
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        # It is idle for as long as pg_dump works, and keeps nobody waiting.
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        cursor.execute("SELECT pg_export_snapshot()")
        (name,) = cursor.fetchone()
        options = ["--format=custom", f"--snapshot={name}", f"--file={path}"]
        _run("pg_dump", *options)
        yield connection.alias


def load(folder: Path) -> None:
    """Make the database what the snapshot is. Call it where there is nothing to lose."""
    if connection.vendor == "sqlite":
        _load_sqlite(file_in(folder))
        return
    _drop_tables()
    connection.close()
    _run("pg_restore", "--single-transaction", "--exit-on-error", str(file_in(folder)))


# ---- SQLite


def _copy_sqlite(path: Path) -> None:
    """The copy is one read transaction, which no writer has to wait for."""
    connection.ensure_connection()
    with closing(sqlite3.connect(path)) as copy:
        connection.connection.backup(copy)
        # All in one file, which can be read from a medium that cannot be written.
        copy.execute("PRAGMA journal_mode=DELETE")


@contextmanager
def _opened(path: Path) -> Iterator[str]:
    copy = connection.copy(alias=COPY)
    copy.settings_dict.update(NAME=str(path), OPTIONS={})
    connections[COPY] = copy
    try:
        yield COPY
    finally:
        copy.close()
        del connections[COPY]


def _load_sqlite(path: Path) -> None:
    connection.ensure_connection()
    address = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(address, uri=True)) as source:
            source.backup(connection.connection)
    except sqlite3.Error as error:
        raise BackupFailed(f"{path.name} cannot be put back: {error}.") from None


# ---- PostgreSQL


def _drop_tables() -> None:
    """Tables of a newer Lading than the snapshot's would be in the way of their migrations."""
    names = connection.introspection.django_table_names(only_existing=True)
    quoted = [connection.ops.quote_name(name) for name in [*names, "django_migrations"]]
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {', '.join(quoted)} CASCADE")


def _run(program: str, *arguments: str) -> None:
    """Run a program of PostgreSQL on our database; its password stands on no command line."""
    with tempfile.NamedTemporaryFile("w", prefix="lading-", suffix=".pgpass") as passfile:
        passfile.write(_password_line())
        passfile.flush()
        command = [program, "--no-owner", "--no-privileges", "--no-password", *arguments]
        try:
            done = subprocess.run(
                [*command, f"--dbname={_conninfo(passfile.name)}"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
            )
        except FileNotFoundError:
            raise BackupFailed(
                f"{program} is not on PATH. Install the programs of PostgreSQL for this machine "
                "(Debian: postgresql-client), of the server's version or newer."
            ) from None
    if done.returncode:
        raise BackupFailed(f"{program} failed: {done.stderr.strip()[-2000:]}")


def _password_line() -> str:
    """A line of a password file that is for any server, as only one is asked."""
    password = str(connection.settings_dict["PASSWORD"] or "")
    return "*:*:*:*:" + password.replace("\\", "\\\\").replace(":", "\\:") + "\n"


def _conninfo(passfile: str) -> str:
    """How Django reaches the server, in the words of libpq."""
    known = {option.keyword.decode() for option in pq.Conninfo.get_defaults()} - FOREIGN_OPTIONS
    options = {
        name: value
        for name, value in connection.get_connection_params().items()
        if name in known and value not in (None, "")
    }
    return make_conninfo(**options, passfile=passfile)


def tables() -> set[str]:
    """The tables that the database has; none where there is no database yet."""
    try:
        return set(connection.introspection.table_names())
    except DatabaseError as error:
        raise BackupFailed(f"The database does not answer: {error}") from None
