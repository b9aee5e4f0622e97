"""Short write transactions that are fair to each other on every database (design decision 14).

SQLite lets one writer in at a time and its busy loop is not fair: under steady commits of the
workers a web write was seen to wait for five seconds. So on SQLite every write transaction of ours
first takes an flock on a file beside the database, which the kernel hands out in turn. PostgreSQL
needs nothing of the kind.
"""

from __future__ import annotations

import fcntl
import os
import threading
import weakref
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from django.db import connection, transaction

ADVISORY = 0x1AD1
"""The first half of our advisory locks, which tells them from those of others."""

_held = threading.local()


@contextmanager
def write() -> Iterator[None]:
    """A write transaction. Nested ones join the outermost."""
    if connection.in_atomic_block or (path := _lock_path()) is None:
        with transaction.atomic():
            yield
        return
    with _flock(path), transaction.atomic():
        yield


def alone(name: str) -> None:
    """Until the end of this write transaction nobody else passes the same name.

    For decisions over many rows, some of which may not be there yet to be locked. SQLite has but
    one writer as it is.
    """
    if connection.vendor == "postgresql":
        key = zlib.crc32(name.encode())
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [ADVISORY, key - 2**31])


@contextmanager
def _flock(path: Path) -> Iterator[None]:
    handle = _handle(path)
    fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(handle, fcntl.LOCK_UN)


class _LockFile:
    """An open file that is closed with the thread that opened it."""

    def __init__(self, path: Path) -> None:
        self.file = path.open("w")
        weakref.finalize(self, self.file.close)


def _handle(path: Path) -> IO[str]:
    """This thread's own open file: a lock belongs to the open file, which a fork would share."""
    key = (os.getpid(), path)
    if getattr(_held, "key", None) != key:
        _held.key, _held.lock = key, _LockFile(path)
    lock: _LockFile = _held.lock
    return lock.file


def _lock_path() -> Path | None:
    name = str(connection.settings_dict["NAME"])
    if connection.vendor != "sqlite" or "memory" in name:
        return None
    return Path(name).with_suffix(".lock")
