"""Failed tasks by error code and HTTP status: how many, what that most likely means, and which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce

from jobs.models import Job, Tally, TaskResult
from jobs.pages.causes import likely_cause
from jobs.tasks_of_job import said_of

MOST_GROUPS = 12
SAMPLES = 3


@dataclass(frozen=True)
class Group:
    """The tasks that failed in one way."""

    tally: Tally
    samples: Sequence[str]

    @property
    def said(self) -> str:
        """How they were answered."""
        return said_of(self.tally.error_code, self.tally.http_status)

    @property
    def cause(self) -> str:
        """What it most likely means, and what helps."""
        return likely_cause(self.tally.error_code, self.tally.http_status)


@dataclass(frozen=True)
class Failures:
    """The most frequent groups; `has_more`: there are others."""

    groups: Sequence[Group]
    has_more: bool


def failures_of(job: Job) -> Failures:
    """Costs one query, whatever the number of failures: each sample is looked up by an index."""
    if not job.failed:
        return Failures([], has_more=False)
    samples = {f"sample{place}": _sample(place) for place in range(SAMPLES)}
    tallies = list(job.tallies.annotate(**samples)[: MOST_GROUPS + 1])
    groups = [Group(tally, _samples(tally)) for tally in tallies[:MOST_GROUPS]]
    return Failures(groups, has_more=len(tallies) > MOST_GROUPS)


def _sample(place: int) -> Subquery:
    """The key of one task of the tally's kind, in the order of the index."""
    found = TaskResult.objects.annotate(told=Coalesce("http_status", 0)).filter(
        job=OuterRef("job"), error_code=OuterRef("error_code"), told=OuterRef("http_status")
    )
    # Tallies say 0 where no reply came, results say nothing.
    return Subquery(found.order_by().values("key")[place : place + 1])


def _samples(tally: Tally) -> list[str]:
    found = (vars(tally)[f"sample{place}"] for place in range(SAMPLES))
    return [key for key in found if key is not None]
