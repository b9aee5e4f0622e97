"""The memory of a job: every move of its status."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class JobEvent(models.Model):
    """One move of a job's status, or another thing worth remembering: who, when, from, to, why."""

    job = models.ForeignKey("jobs.Job", on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField(db_default=Now())
    actor = models.CharField(
        max_length=200, help_text="A user's name, with the token that was used; or `system`."
    )
    from_status = models.CharField(max_length=10, blank=True)
    to_status = models.CharField(max_length=10, blank=True)
    reason = models.CharField(max_length=1024, blank=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.from_status} → {self.to_status}"
