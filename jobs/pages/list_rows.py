"""The jobs of one page of the list, with how fast they are: as many queries as for one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db.models import Count, Sum

from jobs import services
from jobs.models import Job, Lane
from jobs.pages.progress import MOVING, Progress, late
from jobs.status import JobStatus
from jobs.workers import at_work

UNMOVED = frozenset({JobStatus.SUSPENDED, JobStatus.PAUSED})
"""Nothing happens to a job here until a person or the clock says so."""


@dataclass(frozen=True)
class Row(Progress):
    """A job as a line of the list."""

    may_choose: bool = False

    @property
    def short_id(self) -> str:
        """Enough of the id to tell jobs apart, and to find one by."""
        return str(self.job.pk)[:8]

    @property
    def is_moving(self) -> bool:
        """True where a rate tells something."""
        return self.job.state in MOVING

    @property
    def left(self) -> str:
        """How long it takes yet; of minutes no seconds, which would jump at every look."""
        left = self.time_left
        if left in ("0 s", "< 1 s"):
            return "almost done"
        if " min " in left:
            left = f"{left.partition(' min ')[0]} min"
        return left and f"{left} left"

    @property
    def is_live(self) -> bool:
        """True where the line changes by itself within seconds."""
        return not (self.job.is_final or self.job.state in UNMOVED or self.job.is_held)

    @property
    def why_failed(self) -> str:
        """The first reason, where the job failed as a whole."""
        reasons = self.job.failure_reasons
        return str(reasons[0].get("FailureReason", "")) if reasons else ""


def rows_of(jobs: Iterable[Job], user: User) -> list[Row]:
    """The lines, in order."""
    found = list(jobs)
    lanes = {
        job: (count, rate)
        for job, count, rate in Lane.objects.filter(
            at_work(), job__in=[job.pk for job in found if job.state in MOVING]
        )
        .values_list("job")
        .annotate(count=Count("pk"), rate=Sum("rate"))
    }
    return [_row(job, *lanes.get(job.pk, (0, 0.0)), user) for job in found]


def _row(job: Job, workers: int, rate: float, user: User) -> Row:
    return Row(
        job,
        workers=workers,
        rate_of_late=late(job, workers, rate),
        may_choose=not job.is_final and services.may_cancel(user, job),
    )
