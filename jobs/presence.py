"""Which lanes are alive and at what: for the pages, and to end the leases of the dead at once."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.db.models.functions import Now

from jobs.database import write
from jobs.lanes import BEAT_SECONDS
from jobs.leases import Stopped, host, process_start
from jobs.models import Job, Lane, Slice, recent

NODE_SECONDS = 5.0
"""A node that has not beaten for so long is not there."""
STOP_SECONDS = 3.0
"""When the engine stops, a lane that prepares or finishes a job waits so long for what it asked."""


def name_lane(node: str) -> str:
    """The owner's name of this process."""
    return f"{node}:{os.getpid()}:{process_start(os.getpid())}"


def node_of(owner: str) -> str:
    """The node of a lane, from the lane's name."""
    return owner.rsplit(":", 2)[0]


def show_lane(owner: str, node: str, **at: Any) -> None:
    """Write this lane's row: alive, and at what."""
    changed = Lane.objects.filter(pk=owner).update(beat_at=Now(), **at)
    if not changed:
        pid = os.getpid()
        Lane.objects.update_or_create(
            pk=owner,
            defaults={
                "node": node,
                "host": host(),
                "pid": pid,
                "process_start": process_start(pid) or 0,
                **at,
            },
        )


class Attendance:
    """What a lane does once a second while it prepares or finishes a job: it says that it is there.

    Raises Stopped a while after the engine was asked to stop.
    """

    def __init__(self, owner: str, stop: Callable[[], bool]) -> None:
        self.owner, self.stop = owner, stop
        self.beaten_at = time.monotonic()
        self.stop_seen_at: float | None = None

    def __call__(self) -> None:
        now = time.monotonic()
        if self.stop():
            self.stop_seen_at = self.stop_seen_at or now
            if now - self.stop_seen_at >= STOP_SECONDS:
                raise Stopped("The engine stops.")
        if now - self.beaten_at >= BEAT_SECONDS:
            self.beaten_at = now
            self.beat()

    def beat(self) -> None:
        """Whether a database that is away may be borne is for the lease to say."""
        try:
            with write():
                show_lane(self.owner, node_of(self.owner))
        except (DatabaseError, InterfaceError):
            connection.close()


def drop_lane(owner: str) -> None:
    """The lane has ended in order."""
    with write():
        Lane.objects.filter(pk=owner).delete()


def reap() -> None:
    """End the leases of lanes of this host whose process is gone, and forget lanes that were silent
    for long.
    """
    for lane in Lane.objects.filter(host=host()):
        if process_start(lane.pid) == lane.process_start:
            continue
        with write():
            Slice.objects.filter(owner=lane.owner, state=Slice.State.RUNNING).update(
                lease_until=recent(1)
            )
            Job.objects.filter(owner=lane.owner, lease_until__gt=Now()).update(
                lease_until=recent(1)
            )
            lane.delete()
    silent = Lane.objects.filter(beat_at__lt=recent(10 * settings.LADING_LEASE_SECONDS))
    if silent.exists():
        with write():
            silent.delete()
