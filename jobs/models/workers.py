"""Which engines and lanes are alive."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.db.models.functions import Now

from jobs.models.job import Job
from jobs.models.slices import Slice


class Node(models.Model):
    """An engine that is running: one per `manage.py engine` (django-q2.md section 6)."""

    name = models.CharField(max_length=120, primary_key=True)
    host = models.CharField(max_length=120)
    pid = models.IntegerField()
    slots = models.IntegerField()
    started_at = models.DateTimeField(db_default=Now())
    beat_at = models.DateTimeField(db_default=Now())
    answered_at = models.DateTimeField(
        null=True, help_text="When a worker answered a doorbell last."
    )
    waiting_since = models.DateTimeField(
        null=True, help_text="Since when work waits while workers of the node are free."
    )
    alarmed = models.BooleanField(default=False, help_text="The log tells of it.")

    def __str__(self) -> str:
        return self.name


class Lane(models.Model):
    """A worker that takes slices, and what it is at."""

    class Stage(models.TextChoices):
        """What the lane does with the job."""

        PREPARING = "Preparing"
        PERFORMING = "Performing"
        FINISHING = "Finishing"

    owner = models.CharField(max_length=120, primary_key=True)
    node = models.CharField(max_length=120)
    host = models.CharField(max_length=120)
    pid = models.IntegerField()
    process_start = models.BigIntegerField(
        help_text="Clock ticks since boot: tells a process from its pid's next owner."
    )
    job = models.ForeignKey(
        Job, on_delete=models.SET_NULL, null=True, db_constraint=False, related_name="lanes"
    )
    slice = models.ForeignKey(Slice, on_delete=models.SET_NULL, null=True, db_constraint=False)
    stage = models.CharField(max_length=10, choices=Stage, blank=True)
    since = models.DateTimeField(db_default=Now())
    work_since = models.DateTimeField(db_default=Now(), help_text="At what it is at now.")
    beat_at = models.DateTimeField(db_default=Now())
    rate = models.FloatField(default=0.0, help_text="Tasks per second of late.")
    throttled = models.FloatField(
        default=0.0, help_text="Replies per second of late by which the store asks to slow down."
    )
    succeeded = models.IntegerField(default=0, help_text="Provisional: outcomes not yet committed.")
    failed = models.IntegerField(default=0)

    def __str__(self) -> str:
        return self.owner


def recent(seconds: float) -> datetime:
    """The database's time, `seconds` ago, for comparisons in queries."""
    return Now() - timedelta(seconds=seconds)  # type: ignore[return-value]
