"""What an open page of a job has shown: by it the server knows what of the page is to be sent anew.

It goes along with every answer, and comes back with the next question.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from jobs.pages.progress import Progress

DECIDED = (
    *("status", "priority", "requests_per_second", "run_window", "tags"),
    *("held_by", "held_at", "held_reason"),
)
"""What people change of a job, or the job's life of what people may change."""


@dataclass(frozen=True)
class Seen:
    """Each part changes with what it stands for."""

    decided: str
    """The buttons, and what happened."""
    told: str
    """Why the job waits, and what is wrong with the workers."""
    milestone: str
    """What is worth a spoken word."""

    @classmethod
    def of(cls, progress: Progress, told: str) -> Seen:
        """What a page made now shows. One query: what happened is told by its last line."""
        job = progress.job
        last = job.events.order_by("-pk").values_list("pk", flat=True).first()
        values = [getattr(job, name) for name in DECIDED]
        decided = repr((*values, job.role.requests_per_second, last))
        return cls(_digest(decided), _digest(told), progress.milestone)

    @classmethod
    def read(cls, text: str) -> Seen:
        """As a page tells it; nothing that is seen is like what cannot be read."""
        decided, told, milestone = [*text.split(".", 2), "", "", ""][:3]
        return cls(decided, told, milestone)

    def __str__(self) -> str:
        return f"{self.decided}.{self.told}.{self.milestone}"


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
