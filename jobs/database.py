"""Short write transactions: every write of ours is in one (design decision 14)."""

from __future__ import annotations

from contextlib import AbstractContextManager

from django.db import transaction


def write() -> AbstractContextManager[None]:
    """A write transaction. Nested ones join the outermost; on SQLite it waits for its turn
    (sqlite/base.py).
    """
    return transaction.atomic()
