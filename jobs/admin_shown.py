"""The part of the admin site that is only looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from jobs.admin_scope import Scoped
from jobs.models import (
    Job,
    JobEvent,
    Lane,
    Manifest,
    Node,
    Part,
    ReportFile,
    Slice,
    Tally,
    TaskResult,
    Throughput,
    Trial,
)

if TYPE_CHECKING:
    Inline = admin.TabularInline[Any, Job]
else:
    Inline = admin.TabularInline


class Shown:
    """Rows to be looked at, in whatever place of the admin site."""

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        """Jobs are made by services.create_job, and what belongs to them by the engine."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Only the verbs of services.py change a job."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Rows go with their job, 90 days after its end."""
        return False


class ShownAdmin(Shown, Scoped):
    """A list and a page of rows that nobody edits."""

    show_full_result_count = False
    list_per_page = 50


class ShownInline(Shown, Inline):
    """Rows of a job, on the job's page."""

    extra = 0


SHOWN: dict[type[Model], dict[str, tuple[str, ...]]] = {
    Manifest: {
        "list_display": ("id", "account_id", "location", "fields", "size", "created_at"),
        "search_fields": ("id", "bucket", "filename"),
    },
    Slice: {
        "list_display": (
            "id", "job_id", "number", "state", "owner", "lease_until", "epoch", "size",
            "next_index", "succeeded", "failed", "deferred", "crashes", "errors",
        ),
        "list_filter": ("state",),
    },
    Part: {
        "list_display": ("id", "job_id", "slice", "start", "end", "succeeded", "failed"),
        "list_select_related": ("slice",),
    },
    TaskResult: {
        "list_display": ("id", "job_id", "bucket", "key", "http_status", "error_code", "message"),
    },
    Tally: {"list_display": ("id", "job_id", "error_code", "http_status", "count")},
    Throughput: {"list_display": ("job_id", "began_at", "seconds")},
    JobEvent: {"list_display": ("at", "job_id", "actor", "from_status", "to_status", "reason")},
    ReportFile: {"list_display": ("key", "job_id", "kind", "size", "rows", "md5")},
    Trial: {
        "list_display": (
            "operation", "endpoint_url", "account_id", "finding", "bucket", "server", "tried_at",
        ),
        "list_filter": ("finding", "operation"),
        "search_fields": ("endpoint_url", "operation"),
    },
    Node: {
        "list_display": ("name", "host", "pid", "slots", "started_at", "beat_at", "waiting_since"),
        "search_fields": ("name",),
    },
    Lane: {
        "list_display": ("owner", "pid", "job_id", "slice", "stage", "rate", "beat_at"),
        "list_select_related": ("slice",),
    },
}  # fmt: skip
"""What is only looked at: the columns of its list, and how it is searched (by job if not said)."""

for kind, options in SHOWN.items():
    admin.site.register(kind, ShownAdmin, **{"search_fields": ("=job__id",), **options})
