"""What the database says of slices in flight, looked at again and again: who held what when it was
lost, and which rows were in doubt then.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

QUERY = (
    "SELECT id, epoch, owner, next_index, started_upto, crashes, errors FROM jobs_slice"
    " WHERE state = 1 OR started_upto > next_index OR crashes > 0 OR errors > 0"
)


@dataclass(frozen=True)
class Look:
    """A slice as it was seen. `exact`: its owner was frozen, so it cannot have got further."""

    at: float
    epoch: int
    owner: str
    next_index: int
    started_upto: int
    crashes: int
    errors: int
    exact: bool = False

    def is_where(self, before: Look) -> bool:
        """True where nothing has moved: one that was frozen may have been thawed since."""
        mine = (self.epoch, self.next_index, self.started_upto)
        return mine == (before.epoch, before.next_index, before.started_upto)

    @property
    def pid(self) -> int:
        """The process that holds it; 0 where nobody does."""
        return int(self.owner.split(":")[1]) if self.owner else 0


@dataclass(frozen=True)
class Loss:
    """A slice that a lane lost, or gave back with an error. Rows in [low, high) may be done again;
    it fell between two looks. `why`: "lease" where it ran out, "setback" where an error was told.
    """

    slice: int
    pid: int
    low: int
    high: int
    since: float
    until: float
    why: str = "lease"


class Watch:
    """Looks at the slices; `query` raises whatever the database does while it is away."""

    def __init__(self, query: Callable[[str], list[tuple[Any, ...]]]) -> None:
        self.query = query
        self.seen: dict[int, Look] = {}
        self.losses: list[Loss] = []

    def look(self, frozen: Collection[int] = ()) -> bool:
        """Look once; False where the database does not answer."""
        try:
            rows = self.query(QUERY)
        except Exception:  # sqlite3's and psycopg's have no ancestor in common
            return False
        now = time.monotonic()
        for pk, epoch, owner, *rest in rows:
            look = Look(now, epoch, owner, *rest)
            self.note(pk, look, is_frozen=look.pid in frozen)
        return True

    def note(self, pk: int, look: Look, *, is_frozen: bool = False) -> None:
        """Compare with what was seen before."""
        before = self.seen.get(pk)
        lost = (look.crashes, look.errors) > ((before.crashes, before.errors) if before else (0, 0))
        if lost:
            high = before.started_upto if before and before.exact else look.started_upto
            low = before.next_index if before else 0
            pid, since = (before.pid, before.at) if before else (0, 0.0)
            why = "setback" if look.errors > (before.errors if before else 0) else "lease"
            self.losses.append(Loss(pk, pid, low, high, since, look.at, why))
        exact = is_frozen or (before is not None and before.exact and look.is_where(before))
        self.seen[pk] = Look(
            look.at,
            look.epoch,
            look.owner,
            look.next_index,
            look.started_upto,
            look.crashes,
            look.errors,
            exact,
        )

    def busy(self) -> set[int]:
        """Processes that hold slices."""
        return {look.pid for look in self.seen.values()} - {0}
