"""Where a job's list of objects comes from."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class Manifest(models.Model):
    """The list of objects: an object in S3, pinned by its ETag, or an uploaded file, pinned by its
    SHA-256.
    """

    class Format(models.TextChoices):
        """AWS's names (spec.md section 4)."""

        CSV = "S3BatchOperations_CSV_20180820", "CSV"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account_id = models.CharField(max_length=12)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True)
    created_at = models.DateTimeField(db_default=Now())
    format = models.CharField(max_length=40, choices=Format, default=Format.CSV)
    fields = models.JSONField(
        default=list, help_text="The columns in order: Ignore, Bucket, Key, VersionId."
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
    sha256 = models.CharField(max_length=64, blank=True)

    def __str__(self) -> str:
        return self.location

    @property
    def has_versions(self) -> bool:
        """True where there is a VersionId column, so that an empty one is a fault of its task."""
        return "VersionId" in self.fields

    @property
    def location(self) -> str:
        """Where it came from, for people."""
        return f"s3://{self.bucket}/{self.key}" if self.bucket else (self.filename or "upload")
