"""How fast a job was, over the whole of its life."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models.functions import Now

from jobs.models.job import Job

MOST_BUCKETS = 240
"""When there are more, each two become one: so a job of an hour and one of a year cost the same."""


class Throughput(models.Model):
    """Tasks by the time at which they were committed, in buckets of equal width from the first part
    on. What no part was committed in is zero: pauses can be seen.
    """

    job = models.OneToOneField(
        Job, on_delete=models.CASCADE, primary_key=True, related_name="throughput"
    )
    began_at = models.DateTimeField(db_default=Now())
    seconds = models.IntegerField(default=1, help_text="The width of a bucket.")
    succeeded = models.JSONField(default=list)
    failed = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"throughput of {self.job_id}"

    def add(self, at: datetime, *, succeeded: int, failed: int) -> None:
        """Count tasks that were committed at that time, in memory."""
        seconds = max(0.0, (at - self.began_at).total_seconds())
        while seconds >= self.seconds * MOST_BUCKETS:
            self.succeeded, self.failed = in_twos(self.succeeded), in_twos(self.failed)
            self.seconds *= 2
        place = int(seconds // self.seconds)
        for buckets, tasks in ((self.succeeded, succeeded), (self.failed, failed)):
            buckets.extend([0] * (place + 1 - len(buckets)))
            buckets[place] += tasks


def in_twos(buckets: list[int]) -> list[int]:
    """Half as many buckets, each as wide as two."""
    return [sum(buckets[start : start + 2]) for start in range(0, len(buckets), 2)]
