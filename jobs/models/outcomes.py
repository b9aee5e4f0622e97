"""What people see of the tasks: failures, their tallies, and the report."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from jobs.models.job import Job

MOST_TASK_RESULTS = 10_000
"""Rows of TaskResult kept for one job; tallies stay exact beyond it."""


class TaskResult(models.Model):
    """What became of one failed task: up to MOST_TASK_RESULTS a job, for triage in the browser."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="task_results")
    bucket = models.CharField(max_length=255)
    key = models.TextField(help_text="As the manifest encodes it.")
    version_id = models.CharField(max_length=1024, blank=True)
    http_status = models.SmallIntegerField("HTTP status", null=True)
    error_code = models.CharField(max_length=200)
    message = models.TextField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index(fields=["job", "error_code", "http_status"], name="task_result_code")
        ]
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.bucket}/{self.key}: {self.error_code}"


class Tally(models.Model):
    """How many tasks of a job failed with one error code and HTTP status. Exact."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="tallies")
    error_code = models.CharField(max_length=200)
    http_status = models.SmallIntegerField(
        "HTTP status", default=0, help_text="0 where no reply came."
    )
    count = models.BigIntegerField(default=0)

    class Meta:
        verbose_name_plural = "tallies"
        constraints = [
            models.UniqueConstraint(fields=["job", "error_code", "http_status"], name="tally_code"),
        ]
        ordering = ["-count", "error_code", "http_status"]

    def __str__(self) -> str:
        return f"{self.count} × {self.error_code} ({self.http_status})"


class ReportFile(models.Model):
    """One file of a completion report, kept in the spool and, where the job asks for it, in the
    user's bucket.
    """

    class Kind(models.TextChoices):
        """What it holds."""

        SUCCEEDED = "succeeded", "Succeeded tasks"
        FAILED = "failed", "Failed tasks"
        MANIFEST = "manifest", "manifest.json"
        CHECKSUM = "checksum", "manifest.json.md5"

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="report_files")
    kind = models.CharField(max_length=9, choices=Kind)
    number = models.IntegerField(default=1)
    key = models.CharField(max_length=1024, help_text="In the report bucket.")
    spool_name = models.CharField(max_length=200)
    size = models.BigIntegerField(help_text="Bytes.")
    md5 = models.CharField("MD5", max_length=32)
    rows = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["job", "kind", "number"], name="report_file")
        ]
        ordering = ["job", "id"]

    def __str__(self) -> str:
        return self.key
