"""How fast a job is now: a mean over its whole life would tell of ceilings and pauses long gone."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import F, Min, Q, Sum
from django.utils import timezone

from jobs.models import Job, recent

WINDOW = 30.0
SHORTEST = 5.0
"""Seconds; over less than this, single commits make the rate jump."""
MOST_PARTS = 1_000
"""The newest parts that are looked at: the rate costs the same in a job of any size."""


def rate_of_late(job: Job) -> float | None:
    """Tasks per second, from the parts committed in the last half minute; None for a job too young
    to have had one, and right after a pause.
    """
    now = timezone.now()
    if job.elapsed_active < timedelta(seconds=WINDOW):
        return None
    seconds = min(WINDOW, (now - job.active_since).total_seconds()) if job.active_since else WINDOW
    if seconds < SHORTEST:
        return None
    late = Q(created_at__gt=recent(seconds))
    found = job.parts.order_by("-pk")[:MOST_PARTS].aggregate(
        tasks=Sum(F("succeeded") + F("failed"), filter=late),
        parts=Sum(1, filter=late),
        first=Min("created_at"),
    )
    if found["first"] is None:
        return None
    if found["parts"] == MOST_PARTS:  # all of them are of late: they cover less than the window
        seconds = max((now - found["first"]).total_seconds(), 1.0)
    return (found["tasks"] or 0) / seconds
