"""How the list of a job looks in JSON: whose tasks it has, how far it is read, where it is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse

from jobs.models import Job, Manifest

if TYPE_CHECKING:
    from rest_framework.request import Request

    from jobs.rest import shapes


def list_of(job: Job, request: Request) -> shapes.ListOfJob:
    """What is told of it besides the manifest itself."""
    return {
        "parent": _parent(job.manifest, request),
        "generated_manifest": _generated(job),
        "preparing": _preparing(job),
    }


def _parent(row: Manifest, request: Request) -> shapes.Parent | None:
    """Whose tasks the job does; null where its list comes from elsewhere."""
    if not row.selection:
        return None
    path = reverse("api:job", args=[row.parent_id]) if row.parent_id else None
    return {
        "id": row.selection["parent"],
        "url": request.build_absolute_uri(path) if path else None,
        "tasks": row.selection["tasks"],
        "error_code": row.selection["error_code"],
        "http_status": row.selection["http_status"],
        "count": row.selection["count"],
    }


def _preparing(job: Job) -> shapes.Preparing:
    """How far the manifest is read; of a listing nobody knows how much there is."""
    total = job.manifest.bytes_to_read
    return {"rows_read": job.rows_read, "bytes_read": job.bytes_read, "total_bytes": total}


def _generated(job: Job) -> shapes.GeneratedManifest | None:
    """Where a listing was saved; null where it was not, or not yet."""
    if job.generated_manifest is None:
        return None
    place = job.generated_manifest["Location"]
    return {
        "format": job.generated_manifest["Format"],
        "location": place["ObjectArn"],
        "etag": place["ETag"],
        "version_id": place.get("ObjectVersionId"),
    }
