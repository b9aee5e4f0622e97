"""How far a job is, in the words and numbers of the pages.

Everything is computed from committed counters; what running slices have done since is provisional
and stands apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from jobs.models import Job
from jobs.pages.words import duration
from jobs.status import JobStatus
from jobs.workers import LaneSeen

MOVING = frozenset({JobStatus.ACTIVE, JobStatus.PAUSING})
WAITING = frozenset({JobStatus.READY, JobStatus.PAUSED})
SOON_OVER = frozenset({JobStatus.NEW, JobStatus.PREPARING, JobStatus.READY, JobStatus.COMPLETING})
AT_FIRST = timedelta(seconds=10)
"""So long people wait for something to happen: small jobs are over by then. Workers have told by
then how fast they are.
"""
RESTING = frozenset({JobStatus.SUSPENDED, *WAITING})
"""No number of the job changes while it stands here."""


def late(job: Job, workers: int, rate: float) -> float | None:
    """Tasks per second of the last ten seconds: what those who work at a job report, together.

    None where the job does not move, and where it has just begun so that they have none to tell.
    """
    untold = workers and not rate and job.elapsed_active < AT_FIRST
    return None if job.state not in MOVING or untold else rate


@dataclass(frozen=True)
class Progress:
    """The numbers of one job."""

    job: Job
    workers: int = 0
    uncommitted_succeeded: int = 0
    uncommitted_failed: int = 0
    rate_of_late: float | None = None
    in_doubt: int = 0
    silent: int = 0

    @classmethod
    def of(cls, job: Job, lanes: Sequence[LaneSeen] = ()) -> Progress:
        """With what its lanes report that are not silent. `Progress(job)` does without a query."""
        heard = [seen.lane for seen in lanes if not seen.silent]
        good, bad = sum(lane.succeeded for lane in heard), sum(lane.failed for lane in heard)
        rate = late(job, len(heard), sum(lane.rate for lane in heard))
        return cls(job, len(heard), good, bad, rate, job.in_doubt, len(lanes) - len(heard))

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
        """Tasks without a committed result; of an ended job those that nobody has started."""
        return max(self.job.total_tasks - self.job.executed - self.in_doubt, 0)

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
        """Of late; the mean over the whole time in Active where that is not known."""
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
    def speed_name(self) -> str:
        """Which of the two the rate is."""
        return "Mean rate" if self.rate_of_late is None else "Rate"

    @property
    def ceiling(self) -> int | None:
        """The job's own, in requests per second, while it holds the rate of late down."""
        goes_on = self.job.state == JobStatus.ACTIVE and self.rate_of_late is not None
        return self.job.requests_per_second if goes_on else None

    @property
    def seconds_left(self) -> float | None:
        """An estimate, while the job goes on and there is a rate to judge by: a Pausing job stands
        still in a moment.

        A ceiling holds at once, the rate of late tells of it ten seconds later.
        """
        if self.job.state != JobStatus.ACTIVE or not self.tasks_per_second:
            return None
        ceilings = (self.job.requests_per_second, self.job.role.requests_per_second)
        rate = min([self.tasks_per_second, *(ceiling for ceiling in ceilings if ceiling)])
        return self.remaining / rate

    @property
    def time_left(self) -> str:
        """The same for people; empty where nothing can be said."""
        left = self.seconds_left
        return "" if left is None else duration(timedelta(seconds=left))

    @property
    def elapsed(self) -> str:
        """Time in Active."""
        return duration(self.job.elapsed_active)

    @property
    def milestone(self) -> str:
        """Changes only at what is worth a spoken word: a status, a pause, a quarter of the way."""
        held = " held" if self.job.is_held else ""
        return f"{self.job.status}{held}.{self.percent // 25 * 25}"

    @property
    def spoken(self) -> str:
        """The milestone as a sentence."""
        if self.job.state in MOVING:
            return f"{self.job.state.label}, {self.percent} percent done."
        if self.job.state == JobStatus.COMPLETE and self.job.failed:
            return f"{self.job.state.label}, {self.job.failed:,} failed."
        return f"{self.job.state.label}."

    @property
    def interval(self) -> int:
        """After how many seconds the page asks again; it does not once the job is final."""
        if self.job.state in SOON_OVER or self.job.elapsed_active < AT_FIRST:
            return 5 if self.job.state in (JobStatus.SUSPENDED, JobStatus.PAUSED) else 1
        return 5 if self.job.state in RESTING else 2
