"""What happened to a job, in the words that the rest of its page uses."""

from __future__ import annotations

import re
from dataclasses import dataclass

from jobs.models import Job, JobEvent
from jobs.status import JobStatus

COUNT = re.compile(r"\b\d{4,}(?= tasks?\b| of \d| requests? per )")
"""A number of things, and not an id or a year."""


@dataclass(frozen=True)
class Happening:
    """An event as people read it."""

    event: JobEvent

    @property
    def status(self) -> str:
        """What the job became, as its badge calls it; empty where it stayed what it was."""
        return JobStatus(self.event.to_status).label if self.event.to_status else ""

    @property
    def reason(self) -> str:
        """Why, with its large numbers in groups."""
        return COUNT.sub(lambda found: f"{int(found[0]):,}", self.event.reason)


def timeline(job: Job) -> list[Happening]:
    """Everything that happened, in its order."""
    return [Happening(event) for event in job.events.all()]
