"""Which lanes are alive and at what: for the pages, and to end the leases of the dead at once."""

from __future__ import annotations

import os
from typing import Any

from django.conf import settings
from django.db.models.functions import Now

from jobs.database import write
from jobs.leases import host, process_start
from jobs.models import Job, Lane, Slice, recent


def name_lane(node: str) -> str:
    """The owner's name of this process."""
    return f"{node}:{os.getpid()}:{process_start(os.getpid())}"


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
