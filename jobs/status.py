"""The 13 statuses of a job and the table of legal moves (spec.md section 2, design decision 9)."""

from __future__ import annotations

from django.db.models import TextChoices


class JobStatus(TextChoices):
    """Stored as AWS writes them; the label is what people read (spec.md 7.2)."""

    NEW = "New", "New"
    PREPARING = "Preparing", "Preparing"
    SUSPENDED = "Suspended", "Awaiting your confirmation to run"
    READY = "Ready", "Ready"
    ACTIVE = "Active", "Active"
    PAUSING = "Pausing", "Pausing"
    PAUSED = "Paused", "Paused"
    COMPLETING = "Completing", "Completing"
    COMPLETE = "Complete", "Completed"
    CANCELLING = "Cancelling", "Cancelling"
    CANCELLED = "Cancelled", "Cancelled"
    FAILING = "Failing", "Failing"
    FAILED = "Failed", "Failed"

    @property
    def is_final(self) -> bool:
        """True where nothing more will happen to the job."""
        return self in FINAL

    @classmethod
    def leading_to(cls, status: JobStatus) -> list[JobStatus]:
        """The statuses from which a job may move to `status`."""
        return [start for start, ends in TRANSITIONS.items() if status in ends]


S = JobStatus

TRANSITIONS: dict[JobStatus, set[JobStatus]] = {
    S.NEW: {S.PREPARING, S.FAILING, S.CANCELLED},
    S.PREPARING: {S.SUSPENDED, S.READY, S.FAILING, S.CANCELLED},
    S.SUSPENDED: {S.READY, S.FAILED, S.CANCELLED},
    S.READY: {S.ACTIVE, S.CANCELLED},
    S.ACTIVE: {S.PAUSING, S.COMPLETING, S.CANCELLING, S.FAILING},
    S.PAUSING: {S.PAUSED, S.COMPLETING, S.CANCELLING, S.FAILING},
    S.PAUSED: {S.ACTIVE, S.CANCELLING},
    S.COMPLETING: {S.COMPLETE, S.FAILING},
    S.CANCELLING: {S.CANCELLED},
    S.FAILING: {S.FAILED},
    S.COMPLETE: set(),
    S.CANCELLED: set(),
    S.FAILED: set(),
}

FINAL = frozenset(status for status, ends in TRANSITIONS.items() if not ends)
TO_PREPARE = frozenset({S.NEW, S.PREPARING})
TO_FINISH = frozenset({S.COMPLETING, S.CANCELLING, S.FAILING})
CONFIRMABLE = frozenset({S.SUSPENDED})
UNTOUCHED = frozenset({S.NEW, S.PREPARING, S.SUSPENDED, S.READY})
"""No task was ever started: cancelling ends the job at once."""
TOUCHED = frozenset({S.ACTIVE, S.PAUSING, S.PAUSED})
"""Tasks may be in flight or done: cancelling drains them and writes the report first."""
CANCELLABLE = UNTOUCHED | TOUCHED
