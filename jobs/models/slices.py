"""What is to be done, and what is done: slices of tasks and the parts committed of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from django.db import models
from django.db.models import F, Q, Sum
from django.db.models.functions import Now

from jobs.models.job import Job


class SliceQuerySet(models.QuerySet["Slice"]):
    """What is asked of many slices at once."""

    def begun(self) -> Iterator[SliceQuerySet]:
        """The slices with rows that a lane may have started, and that have no committed result.

        Slices that are done have none. The other states come one by one, as each has an index of
        its own: so the answer comes at once, however many slices the job has.
        """
        begun = self.filter(started_upto__gt=F("next_index"))
        for state in (Slice.State.READY, Slice.State.RUNNING):
            yield begun.filter(state=state)

    def rows_started(self) -> int:
        """How many such rows there are."""
        rows = Sum(F("started_upto") - F("next_index"))
        return sum(slices.aggregate(n=rows)["n"] or 0 for slices in self.begun())


class Slice(models.Model):
    """The tasks taken in one go: a task file in the spool and how far it is done (design decisions
    1, 4, 6).
    """

    class State(models.IntegerChoices):
        """Not a job's status: where the slice stands."""

        READY = 0
        RUNNING = 1
        DONE = 2

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="slices")
    number = models.IntegerField(help_text="From 1; retry slices follow those of the manifest.")
    state = models.SmallIntegerField(choices=State, default=State.READY)
    epoch = models.IntegerField(default=0, help_text="The fence: raised at every claim.")
    owner = models.CharField(max_length=120, blank=True)
    lease_until = models.DateTimeField(null=True)
    not_before = models.DateTimeField(null=True)
    crashes = models.IntegerField(default=0, help_text="Leases that ran out, not orderly releases.")
    errors = models.IntegerField(
        default=0, help_text="Releases because the spool or a file failed."
    )

    task_file = models.CharField(max_length=200)
    task_bytes = models.BigIntegerField()
    task_sha256 = models.CharField(max_length=64)
    least_key = models.TextField()
    greatest_key = models.TextField()
    size = models.IntegerField(help_text="Rows in the task file.")
    next_index = models.IntegerField(default=0, help_text="Rows before it are committed in parts.")
    started_upto = models.IntegerField(default=0, help_text="No row from here on was ever started.")
    succeeded = models.IntegerField(default=0)
    failed = models.IntegerField(default=0)
    deferred = models.IntegerField(default=0, help_text="Rows handed to retry slices.")

    origin = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, help_text="Of a retry slice."
    )
    attempt = models.SmallIntegerField(
        default=0, help_text="Rounds of tries that its rows have used up."
    )
    throttled_since = models.DateTimeField(null=True)
    carry_file = models.CharField(
        max_length=200, blank=True, help_text="The last error of each row of a retry slice."
    )
    carry_bytes = models.BigIntegerField(default=0)
    carry_sha256 = models.CharField(max_length=64, blank=True)

    objects: ClassVar[models.Manager[Slice]] = SliceQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "number"], name="slice_number")]
        indexes = [
            models.Index(fields=["job", "number"], condition=Q(state=0), name="slice_ready"),
            models.Index(fields=["job", "lease_until"], condition=Q(state=1), name="slice_running"),
            models.Index(  # with what is summed up in it, or PostgreSQL looks at every slice
                fields=["job", "number", "started_upto", "next_index"],
                condition=Q(state=0, started_upto__gt=F("next_index")),
                name="slice_reserved",
            ),
            models.Index(fields=["crashes"], condition=Q(crashes__gte=3), name="slice_crashed"),
        ]

    def __str__(self) -> str:
        return f"slice {self.number} of {self.job_id}"


class Part(models.Model):
    """The stretch [start, end) of a slice that was committed in one transaction (design decision
    5).

    The result file has a line for each row that is not the operation's plain success.
    """

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="parts")
    slice = models.ForeignKey(Slice, on_delete=models.CASCADE, related_name="parts")
    start = models.IntegerField()
    end = models.IntegerField()
    succeeded = models.IntegerField()
    failed = models.IntegerField()
    deferred = models.IntegerField()
    result_file = models.CharField(
        max_length=200, blank=True, help_text="Empty where all rows are plain successes."
    )
    result_bytes = models.BigIntegerField(default=0)
    result_lines = models.IntegerField(default=0)
    result_sha256 = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["slice", "start"], name="part_start")]
        ordering = ["id"]

    def __str__(self) -> str:
        return f"[{self.start}, {self.end}) of slice {self.slice_id}"
