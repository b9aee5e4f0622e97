"""Lets one thread at a time use a connection to a database in memory, which the threads of Django's
live server share with the test.

Else two threads may wait for each other for ever: Python's sqlite3 binds parameters and fetches
columns without letting go of the interpreter's lock, and waits for that of the connection; which
SQLite holds while it calls one of Django's functions, which waits for the interpreter's lock.
"""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection
from django.db.backends.sqlite3.base import SQLiteCursorWrapper

TURN = threading.RLock()


class InTurn(SQLiteCursorWrapper):
    """A cursor of which each call that has to do with the database waits for its turn."""

    def execute(self, *given: Any) -> Any:
        with TURN:
            return super().execute(*given)

    def executemany(self, *given: Any) -> Any:
        with TURN:
            return super().executemany(*given)

    def fetchone(self) -> Any:
        with TURN:
            return super().fetchone()

    def fetchmany(self, *given: Any) -> Any:
        with TURN:
            return super().fetchmany(*given)

    def fetchall(self) -> Any:
        with TURN:
            return super().fetchall()

    def __next__(self) -> Any:
        with TURN:
            return super().__next__()


def take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on, until the test ends; nothing to do where each thread has its own connection."""
    if connection.vendor != "sqlite" or not connection.is_in_memory_db():
        return

    def create_cursor(name: str | None = None) -> InTurn:
        return connection.connection.cursor(factory=InTurn)

    monkeypatch.setattr(connection, "create_cursor", create_cursor)
