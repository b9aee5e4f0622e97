"""What answers look like: what mypy holds representation.py to, and what the schema shows.

Times are datetimes until they are rendered. `| None` stands where an answer says null.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Generic, NotRequired, TypeVar

from typing_extensions import TypedDict  # pydantic reads no other before Python 3.12

from jobs.status import JobStatus

Json = dict[str, Any]
Shape = TypeVar("Shape")


class Page(TypedDict, Generic[Shape]):
    """`next` is the address of the next page, null on the last one."""

    next: str | None
    results: list[Shape]


class Root(TypedDict):
    """Where everything is."""

    jobs: str
    operations: str
    roles: str
    functions: str
    manifests: str
    workers: str
    me: str
    members: str
    tokens: str
    access_keys: str


class Error(TypedDict):
    """Every answer from 400 on. `fields`: the path of a fault → sentences for people."""

    code: str
    message: str
    fields: dict[str, list[str]]


class Counts(TypedDict):
    """Outcomes at hand that are not committed."""

    succeeded: int
    failed: int


class Progress(TypedDict):
    """How many tasks are done. `remaining` have no result: those in doubt are among them. The last
    two stand in the details of a job.
    """

    total: int
    succeeded: int
    failed: int
    remaining: int
    elapsed_active_seconds: int
    in_doubt: NotRequired[int]
    provisional: NotRequired[Counts]


class Hold(TypedDict):
    """Who paused the job, when and why."""

    by: str
    at: datetime | None
    reason: str


class JobSummary(TypedDict):
    """A job as a line of the list."""

    id: str
    url: str
    arn: str
    status: JobStatus
    description: str
    operation: str
    priority: int
    hold: Hold | None
    progress: Progress
    created_at: datetime
    terminated_at: datetime | None


class JobPage(Page[JobSummary]):
    """Jobs, newest first."""


class Parent(TypedDict):
    """Which tasks of another job the list is made of; `url` is null once that job is removed."""

    id: str
    url: str | None
    tasks: str
    error_code: str | None
    http_status: int | None
    count: int


class Manifest(TypedDict):
    """A manifest, without its content."""

    id: str
    location: str
    format: str
    fields: list[str]
    bucket: str | None
    generator: Json | None
    etag: str | None
    version_id: str | None
    size: int | None
    total_bytes: int | None
    sha256: str | None
    created_at: datetime


class ManifestPage(Page[Manifest]):
    """Manifests, newest first."""


class GeneratedManifest(TypedDict):
    """Where a listing was saved."""

    format: str
    location: str
    etag: str
    version_id: str | None


class Preparing(TypedDict):
    """How far the manifest is read; `total_bytes` is null for a listing."""

    rows_read: int
    bytes_read: int
    total_bytes: int | None


class RoleName(TypedDict):
    """A role by its names."""

    name: str
    arn: str


class ReportOrder(TypedDict):
    """Whether and where the report is written."""

    enabled: bool
    bucket: str | None
    expected_bucket_owner: str | None
    prefix: str
    scope: str | None


class FailureReason(TypedDict):
    """Why a job failed."""

    code: str
    reason: str


class ListOfJob(TypedDict):
    """What is told of a job's list besides the manifest itself."""

    parent: Parent | None
    generated_manifest: GeneratedManifest | None
    preparing: Preparing


class Job(JobSummary, ListOfJob):
    """Everything about a job."""

    parameters: Json
    manifest: Manifest
    role: RoleName
    report: ReportOrder
    requests_per_second: int | None
    failure_threshold: int | str | None
    run_window: Json | None
    confirmation_required: bool
    client_request_token: str | None
    tags: dict[str, str]
    failure_reasons: list[FailureReason]
    status_update_reason: str
    suspended_at: datetime | None
    suspended_cause: str
    links: dict[str, str]


class Decided(TypedDict):
    """What became of one job of many; `code` and `message` are null where it was done."""

    id: str
    url: str
    status: JobStatus
    code: str | None
    message: str | None


class ManyDecided(TypedDict):
    """What became of the jobs that a filter found, oldest first; `after` goes on, if not null."""

    matched: int
    done: int
    refused: int
    after: str | None
    jobs: list[Decided]


class Tags(TypedDict):
    """All tags of a job."""

    tags: dict[str, str]
