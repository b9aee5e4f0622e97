"""What decides when a job may run, beside its status: priority, a person's pause, its hours."""

from __future__ import annotations

from datetime import datetime

from django.db import models

from jobs.status import CANCELLABLE
from jobs.windows import Window


class Turns(models.Model):
    """The part of a job that says when its turn is.

    A pause by a person is no status, so that pre-emption, which pauses and resumes by itself, can
    never lift it (design decision 9).
    """

    status: str
    priority = models.PositiveIntegerField(default=10)
    single_slice = models.BooleanField(
        default=False, help_text="All tasks are in one slice: it may take the extra place."
    )
    held_by = models.CharField(max_length=200, blank=True, help_text="Who paused it.")
    held_reason = models.CharField(max_length=256, blank=True)
    held_at = models.DateTimeField(null=True)
    run_window = models.JSONField(
        null=True, help_text="The hours in which it may run; at any time where empty."
    )

    class Meta:
        abstract = True

    @property
    def is_held(self) -> bool:
        """True where a person paused it, and only a person lets it go on: not while it ends."""
        return bool(self.held_by) and self.status in CANCELLABLE

    @property
    def window(self) -> Window | None:
        """The hours in which it may run."""
        return Window.model_validate(self.run_window) if self.run_window else None

    def may_run(self, at: datetime) -> bool:
        """Whether tasks may run at that moment, as far as the job itself says it."""
        return not self.is_held and (self.window is None or self.window.is_open(at))
