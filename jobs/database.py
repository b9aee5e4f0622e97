"""Short write transactions: every write of ours is in one (design decision 14)."""

from __future__ import annotations

import zlib
from contextlib import AbstractContextManager

from django.db import InterfaceError, InternalError, OperationalError, connection, transaction

AWAY = (OperationalError, InternalError, InterfaceError)
"""What is raised while the database is away, or has cut off who was silent in a transaction."""

ADVISORY = 0x1AD1
"""The first half of our advisory locks, which tells them from those of others."""


def write() -> AbstractContextManager[None]:
    """A write transaction. Nested ones join the outermost; on SQLite it waits for its turn
    (sqlite/base.py).
    """
    return transaction.atomic()


def is_busy() -> bool:
    """Whether a write would have to wait for that of another, for what is not worth it. PostgreSQL
    never lets one wait for long.
    """
    return bool(getattr(connection, "is_busy", bool)())


def alone(name: str) -> None:
    """Until the end of this write transaction nobody else passes the same name.

    For decisions over many rows, some of which may not be there yet to be locked. SQLite has but
    one writer as it is.
    """
    if connection.vendor == "postgresql":
        key = zlib.crc32(name.encode())
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [ADVISORY, key - 2**31])
