"""SQLite whose writers take turns (design decision 14).

SQLite lets one writer in at a time, and who finds it busy sleeps and tries again: under steady
commits of the workers a web write was seen to wait for five seconds. So whoever is about to write
first takes an flock on a file beside the database, for which the kernel wakes those who wait. That
goes for all of Django, its logins and its admin site, and for django-q.
"""

from __future__ import annotations

import fcntl
import os
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db.backends.sqlite3 import base

WRITES = frozenset({"INSERT", "UPDATE", "DELETE", "REPLAC"})


class Turn:
    """An open lock file of one connection: the lock belongs to the open file, which a fork would
    share.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.pid, self.is_taken = path, os.getpid(), False
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        weakref.finalize(self, os.close, self._handle)

    def take(self) -> None:
        """Wait for it."""
        fcntl.flock(self._handle, fcntl.LOCK_EX)
        self.is_taken = True

    def is_others(self) -> bool:
        """Whether somebody else has it now."""
        if self.is_taken:
            return False
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        fcntl.flock(self._handle, fcntl.LOCK_UN)
        return False

    def end(self) -> None:
        """Let the next one in."""
        if self.is_taken:
            self.is_taken = False
            fcntl.flock(self._handle, fcntl.LOCK_UN)


class DatabaseWrapper(base.DatabaseWrapper):
    """A transaction begins with its turn, and so does a write outside of one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._turn: Turn | None = None
        self.execute_wrappers.append(self._in_turn)

    def is_busy(self) -> bool:
        """Whether a write would have to wait for its turn."""
        turn = self._own_turn()
        return turn is not None and turn.is_others()

    def _take_turn(self) -> None:
        if turn := self._own_turn():
            turn.take()

    def _own_turn(self) -> Turn | None:
        if self.is_in_memory_db():
            return None
        path = Path(self.settings_dict["NAME"]).with_suffix(".lock")
        if self._turn is None or (self._turn.path, self._turn.pid) != (path, os.getpid()):
            self._turn = Turn(path)
        return self._turn

    def _end_turn(self) -> None:
        if self._turn:
            self._turn.end()

    def _start_transaction_under_autocommit(self) -> None:
        self._take_turn()
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
        except BaseException:
            self._end_turn()
            raise

    def _commit(self) -> None:
        try:
            super()._commit()  # type: ignore[misc]
        finally:
            if not self._has_begun():  # a commit that failed is rolled back yet
                self._end_turn()

    def _rollback(self) -> None:
        try:
            super()._rollback()  # type: ignore[misc]
        finally:
            self._end_turn()

    def _close(self) -> None:
        try:
            super()._close()  # type: ignore[misc]
        finally:
            self._end_turn()

    def _has_begun(self) -> bool:
        return self.connection is not None and self.connection.in_transaction

    def _in_turn(
        self, execute: Callable[..., Any], sql: str, params: Any, many: Any, context: Any
    ) -> Any:
        if self._has_begun() or sql.lstrip()[:6].upper() not in WRITES:
            return execute(sql, params, many, context)
        self._take_turn()
        try:
            return execute(sql, params, many, context)
        finally:
            self._end_turn()
