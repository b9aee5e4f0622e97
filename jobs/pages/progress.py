"""How far a job is, in the words and numbers of the pages.

Everything is computed from committed counters; what running slices have done since is provisional
and stands apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, timedelta

from django.conf import settings
from django.db.models import Count, Sum
from django.utils import timezone

from jobs.models import Job, recent
from jobs.pages.speed import rate_of_late
from jobs.status import JobStatus

MOVING = frozenset({JobStatus.ACTIVE, JobStatus.PAUSING})
WAITING = frozenset({JobStatus.READY, JobStatus.PAUSED})
RESTING = frozenset({JobStatus.SUSPENDED, *WAITING})
"""Nothing on the page changes while the job stands here."""


@dataclass(frozen=True)
class Progress:
    """The numbers of one job."""

    job: Job
    workers: int = 0
    uncommitted_succeeded: int = 0
    uncommitted_failed: int = 0
    rate_of_late: float | None = None

    @classmethod
    def of(cls, job: Job) -> Progress:
        """With what the lanes report and the rate of late; `Progress(job)` does without a query."""
        if job.is_final:
            return cls(job)
        alive = job.lanes.filter(beat_at__gt=recent(settings.LADING_LEASE_SECONDS))
        sums = alive.aggregate(n=Count("pk"), good=Sum("succeeded"), bad=Sum("failed"))
        rate = rate_of_late(job) if job.state in MOVING else None
        return cls(job, sums["n"], sums["good"] or 0, sums["bad"] or 0, rate)

    @property
    def label(self) -> str:
        """The operation, as the console calls it. (A template would call the class itself.)"""
        return self.job.operation_type.label

    @property
    def title(self) -> str:
        """What people call the job."""
        return self.job.description or self.label

    @property
    def is_preparing(self) -> bool:
        """True while the manifest is read, so that the total is not known yet."""
        return self.job.state in {JobStatus.NEW, JobStatus.PREPARING}

    @property
    def is_counted(self) -> bool:
        """False for a job that ended before its manifest was read; an empty one fails it too."""
        return self.job.total_tasks > 0

    @property
    def percent(self) -> int:
        """Of all tasks; 100 only when none is left."""
        return self.job.executed * 100 // self.job.total_tasks if self.job.total_tasks else 0

    @property
    def percent_read(self) -> int | None:
        """Of the manifest's bytes, while preparing."""
        size = self.job.manifest.bytes_to_read
        return min(self.job.bytes_read * 100 // size, 100) if size else None

    @property
    def succeeded_share(self) -> float:
        """Width of the bar's green part, out of 100."""
        return self._share(self.job.succeeded)

    @property
    def failed_share(self) -> float:
        """Width of the bar's red part: visible even where very few failed."""
        return max(self._share(self.job.failed), 0.6) if self.job.failed else 0.0

    @property
    def failed_start(self) -> float:
        """Where the red part begins: after the green one, but never beyond the end."""
        return min(self.succeeded_share, round(100 - self.failed_share, 2))

    def _share(self, tasks: int) -> float:
        return round(tasks * 100 / self.job.total_tasks, 2) if self.job.total_tasks else 0.0

    @property
    def remaining(self) -> int:
        """Tasks without a committed result."""
        return max(self.job.total_tasks - self.job.executed, 0)

    @property
    def uncommitted(self) -> int:
        """Results that workers have at hand and commit within seconds, or lose and do again."""
        return self.uncommitted_succeeded + self.uncommitted_failed

    @property
    def succeeded_rate(self) -> str:
        """Of the executed tasks."""
        return self._rate(self.job.succeeded)

    @property
    def failed_rate(self) -> str:
        """Of the executed tasks."""
        return self._rate(self.job.failed)

    def _rate(self, tasks: int) -> str:
        if not self.job.executed:
            return ""
        share = tasks * 100 / self.job.executed
        # A rounded 0 or 100 would hide the few that differ.
        if 0 < share < 0.1:
            return "< 0.1%"
        if 99.9 < share < 100:
            return "> 99.9%"
        return f"{share:.1f}%".replace(".0%", "%")

    @property
    def tasks_per_second(self) -> float:
        """Of the last half minute; over the whole time in Active where that is not known."""
        if self.rate_of_late is not None:
            return self.rate_of_late
        seconds = self.job.elapsed_active.total_seconds()
        return self.job.executed / seconds if seconds > 0 else 0.0

    @property
    def speed(self) -> str:
        """The rate for people."""
        rate = self.tasks_per_second
        return f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}"

    @property
    def time_left(self) -> str:
        """An estimate, while tasks run and there is a rate to judge by.

        A ceiling holds at once, the rate of late tells of it half a minute later.
        """
        if self.job.state not in MOVING or not self.tasks_per_second:
            return ""
        ceilings = (self.job.requests_per_second, self.job.role.requests_per_second)
        rate = min([self.tasks_per_second, *(ceiling for ceiling in ceilings if ceiling)])
        return duration(timedelta(seconds=self.remaining / rate))

    @property
    def elapsed(self) -> str:
        """Time in Active."""
        return duration(self.job.elapsed_active)

    @property
    def waits_for(self) -> str:
        """Why a job that could run does not; empty for one that runs, or that a person paused."""
        if self.job.state not in WAITING or self.job.is_held:
            return ""
        now, window = timezone.now(), self.job.window
        if window and not window.is_open(now):
            opens = window.opens_after(now).astimezone(UTC)
            return f"It may run from {window}: next on {opens:%Y-%m-%d at %H:%M} UTC."
        return "It waits for its turn: jobs of a higher priority, and older ones, go first."

    @property
    def standing(self) -> str:
        """Changes with what people can decide: the status, and whether a person paused the job."""
        return f"{self.job.status} held" if self.job.is_held else self.job.status

    @property
    def milestone(self) -> str:
        """Changes only at what is worth a spoken word: a status, a quarter of the way."""
        return f"{self.standing}.{self.percent // 25 * 25}"

    @property
    def spoken(self) -> str:
        """The milestone as a sentence."""
        if self.job.state in MOVING:
            return f"{self.job.state.label}, {self.percent} percent done."
        return f"{self.job.state.label}."

    @property
    def interval(self) -> str:
        """How often the page asks again; it does not at all once the job is final."""
        return "5s" if self.job.state in RESTING else "2s"


def duration(span: timedelta) -> str:
    """Two units are enough: 42 s, 5 min 3 s, 2 h 5 min, 3 d 4 h."""
    seconds = round(span.total_seconds())
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if days:
        return f"{days} d {hours % 24} h"
    if hours:
        return f"{hours} h {minutes % 60} min"
    if minutes:
        return f"{minutes} min {seconds % 60} s"
    return f"{seconds} s"
