"""The right to work on a row until it runs out, and the fence that goes with it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar, cast

from django.conf import settings
from django.db.models.functions import Now

from jobs.database import write
from jobs.errors import JobError

if TYPE_CHECKING:
    from django.db.models import QuerySet


T = TypeVar("T")
HELD_SECONDS = 0.5


class LeaseLost(JobError):
    """Somebody else owns the row by now, or may: what was done since the last commit is thrown
    away.
    """

    code = "LeaseLost"


def boot_clock() -> float:
    """Seconds since boot, counting sleep."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def process_start(pid: int) -> int | None:
    """When a process started, in clock ticks since boot; None when there is no such process."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat.rsplit(")", 1)[1].split()
    return None if fields[0] == "Z" else int(fields[19])


@cache
def host() -> str:
    """This machine as seen by its own processes: the same name means that pids can be looked up
    here.
    """
    boot = Path("/proc/sys/kernel/random/boot_id").read_text()[:8]
    return f"{os.uname().nodename[:60]}/{boot}/{os.stat('/proc/self/ns/pid').st_ino}"


class Lease:
    """The right to work on one claimed row. `rows` is the fence: it matches while the row is still
    ours.
    """

    def __init__(self, rows: QuerySet[Any], claimed_at: float) -> None:
        self.rows = rows
        self.claimed_at = self.renewed_at = claimed_at
        self._safe_seconds = 0.8 * settings.LADING_LEASE_SECONDS

    @property
    def is_safe(self) -> bool:
        """False once the lease may have run out: then start nothing more. Asked for each row."""
        return boot_clock() < self.renewed_at + self._safe_seconds

    @property
    def is_due(self) -> bool:
        """True when it is time to renew."""
        return boot_clock() > self.renewed_at + settings.LADING_LEASE_SECONDS / 6

    def renew(self, **changes: Any) -> None:
        """Extend the lease, with further changes of the row; raises LeaseLost."""
        now = boot_clock()
        if not self.rows.update(lease_until=lease_end(), **changes):
            raise LeaseLost("The lease is gone.")
        self.renewed_at = now

    def renew_when_due(self) -> None:
        """For long loops: cheap unless a renewal is due."""
        if self.is_due:
            with write():
                self.renew()


def held_during(lease: Lease, call: Callable[[], T]) -> T:
    """The call's result; the lease is kept however long the call takes.

    The call runs in a thread of its own, and must not use the database. It is left to itself where
    the lease is lost: then LeaseLost is raised.
    """
    results: SimpleQueue[tuple[T | None, BaseException | None]] = SimpleQueue()

    def run() -> None:
        try:
            results.put((call(), None))
        except BaseException as error:  # raised again below
            results.put((None, error))

    Thread(target=run, daemon=True, name="held").start()
    while True:
        try:
            value, error = results.get(timeout=HELD_SECONDS)
        except Empty:
            lease.renew_when_due()
            continue
        if error:
            raise error
        return cast("T", value)


def lease_end() -> Any:
    """When a lease taken now runs out, by the database's clock."""
    return Now() + timedelta(seconds=settings.LADING_LEASE_SECONDS)
