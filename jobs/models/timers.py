"""The timers and dates that go with a move of a job's status (spec.md 2.7)."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F
from django.db.models.functions import Now

from jobs.status import FINAL, JobStatus


def dates_of(status: JobStatus, before: JobStatus) -> dict[str, Any]:
    """What the move sets, by the database's time."""
    changes: dict[str, Any] = {}
    if status == JobStatus.ACTIVE:
        changes["active_since"] = Now()
    elif before == JobStatus.ACTIVE:
        spent = models.ExpressionWrapper(
            Now() - F("active_since"), output_field=models.DurationField()
        )
        changes.update(active_time=F("active_time") + spent, active_since=None)
    if status == JobStatus.SUSPENDED:
        changes.update(suspended_at=Now(), suspended_cause="AWAITING_CONFIRMATION")
    if status in FINAL:
        # Whoever prepared it has nothing to hold any more.
        changes.update(terminated_at=Now(), owner="", lease_until=None)
    return changes
