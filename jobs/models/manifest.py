"""Where a job's list of objects comes from."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from jobs.tasks_of_job import name_of_group

SELECTABLE = {
    "failed": "Failed tasks",
    "in_doubt": "Tasks in doubt",
    "not_executed": "Tasks never executed",
}
"""What may be selected of another job's tasks. With those that succeeded, all of them are named
once.
"""


def name_of_tasks(selection: Mapping[str, Any]) -> str:
    """Tasks that are selected, for people: their kind, and of a group its code and HTTP status."""
    text = SELECTABLE[selection["tasks"]]
    if code := selection.get("error_code"):
        text += f" ({name_of_group(code, selection['http_status'])})"
    return text


class Manifest(models.Model):
    """The list of objects: an object in S3, pinned by its ETag, an uploaded file, pinned by its
    SHA-256, a generator that lists a bucket, or tasks of another job.
    """

    class Format(models.TextChoices):
        """AWS's names where it has them (spec.md section 4); the others are Lading's own."""

        CSV = "S3BatchOperations_CSV_20180820", "CSV"
        INVENTORY = "S3InventoryReport_CSV_20161130", "S3 Inventory report"
        JSON_LINES = "JSONLines", "JSON lines"
        KEY_LIST = "KeyList", "List of keys or s3:// addresses"
        GENERATED = "S3JobManifestGenerator", "Listing of a bucket"
        TASKS = "JobTasks", "Tasks of another job"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account_id = models.CharField(max_length=12)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True)
    created_at = models.DateTimeField(db_default=Now())
    format = models.CharField(max_length=40, choices=Format, default=Format.CSV)
    fields = models.JSONField(
        default=list, help_text="The columns in order: Ignore, Bucket, Key, VersionId."
    )
    generator = models.JSONField(
        null=True, help_text="What lists the bucket, as AWS writes an S3JobManifestGenerator."
    )
    parent = models.ForeignKey(
        "jobs.Job",
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        help_text="The job whose tasks these are; none once it is removed.",
    )
    selection = models.JSONField(
        null=True, help_text="Which of them: parent, tasks, error_code, http_status, and count."
    )
    list_bucket = models.CharField(
        max_length=255, blank=True, help_text="The bucket of the keys of a list that names none."
    )
    bucket = models.CharField(max_length=255, blank=True)
    key = models.TextField(blank=True)
    version_id = models.CharField(max_length=1024, blank=True)
    etag = models.CharField(max_length=1024, blank=True, help_text="Without quotes.")
    upload = models.CharField(
        max_length=200, blank=True, help_text="The name of the file in the spool."
    )
    filename = models.CharField(
        max_length=255, blank=True, help_text="What the person called the uploaded file."
    )
    size = models.BigIntegerField(null=True, help_text="Bytes.")
    total_bytes = models.BigIntegerField(
        null=True, help_text="Bytes of all data files of an inventory."
    )
    sha256 = models.CharField(max_length=64, blank=True)

    def __str__(self) -> str:
        return self.location

    @property
    def has_versions(self) -> bool:
        """True where there is a VersionId column, so that an empty one is a fault of its task."""
        return "VersionId" in self.fields

    @property
    def bytes_to_read(self) -> int | None:
        """What Preparing has to read; None where nobody knows, as of a listing."""
        return self.size if self.total_bytes is None else self.total_bytes

    @property
    def is_generated(self) -> bool:
        """True where the list is made by listing a bucket."""
        return self.format == self.Format.GENERATED

    @property
    def is_of_tasks(self) -> bool:
        """True where the list is made of tasks of another job."""
        return self.format == self.Format.TASKS

    @property
    def is_list(self) -> bool:
        """True where it is a file, here or in S3, that can be checked."""
        return not (self.is_generated or self.is_of_tasks)

    @property
    def saves_list(self) -> bool:
        """True where a listing is to be kept in the user's bucket."""
        return bool(self.generator and self.generator.get("EnableManifestOutput"))

    @property
    def location(self) -> str:
        """Where it came from, for people."""
        if self.is_generated:
            listed: dict[str, str] = self.generator or {}
            return f"s3://{listed['SourceBucket'].rpartition(':')[2]}/"
        if self.is_of_tasks:
            return f"{self.selected} of job {(self.selection or {})['parent']}"
        return f"s3://{self.bucket}/{self.key}" if self.bucket else (self.filename or "upload")

    @property
    def selected(self) -> str:
        """Which tasks of the other job, for people; empty where the list is no such one."""
        return name_of_tasks(self.selection) if self.selection else ""
