"""A job that is asked for as CreateJob's members, and what those cannot say: `asking` backwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jobs import intake, submission
from jobs.models import Job, Manifest, Role
from jobs.requests import JSON_LINES, KEY_LIST, JobRequest
from jobs.s3control.telling import as_asked
from operations.base import Operation

BUCKET, KEY, ETAG = "YOUR-BUCKET", "YOUR-LIST.csv", "ETAG-OF-YOUR-LIST"
"""Stand where the request names no object in S3."""


def members_of(request: JobRequest, operation: Operation, account_id: str) -> dict[str, Any]:
    """CreateJob's members but for the token: what DescribeJob would tell of the job."""
    job = _row(request, operation, account_id)
    tags = [{"Key": key, "Value": value} for key, value in sorted(request.tags.items())]
    return {"AccountId": account_id, **_given(as_asked(job)), **({"Tags": tags} if tags else {})}


def unsaid(request: JobRequest) -> Iterator[str]:
    """A sentence on each thing that is asked for and has no word there, or has to be filled in."""
    yield from _unsaid_of_list(request)
    if request.failure_threshold is not None:
        yield "When failures stop the job cannot be said: it follows AWS's rule."
    if request.run_window:
        yield "Hours cannot be said: the job may run at any time."
    if request.requests_per_second:
        yield "A speed ceiling cannot be said: it can be set once the job is there."


def _unsaid_of_list(request: JobRequest) -> Iterator[str]:
    manifest, generator = request.manifest, request.manifest_generator
    if generator and generator.include_versions:
        yield "Every version cannot be asked for: the current ones are listed."
    if manifest is None:
        return
    if manifest.location is None:
        kind = "Tasks of another job have" if manifest.parent else "An uploaded list has"
        yield (
            f"{kind} no name there. Put the list into a bucket first, and write its place, its "
            f"ETag and its columns for {BUCKET}, {KEY}, {ETAG} and Spec."
        )
    elif manifest.etag is None:
        yield f"Write the ETag of the manifest for {ETAG}: aws s3api head-object tells it."
    if "\n" in (manifest.location or ""):
        yield "There is no line break in a name there: give the manifest another key."
    if manifest.format in (JSON_LINES, KEY_LIST):
        yield f"{manifest.format} is a format of Lading: AWS does not take it."
    if manifest.bucket:
        yield f"The bucket {manifest.bucket} of the keys cannot be said: name it in every line."


def _row(request: JobRequest, operation: Operation, account_id: str) -> Job:
    """The job, never to be saved."""
    job = submission.as_row(request, operation)
    job.role = Role(account_id=account_id, name=request.role.rpartition(":role/")[2])
    if request.manifest_generator:
        job.manifest = Manifest(generator=request.manifest_generator.wire_form())
    elif request.manifest:
        job.manifest = intake.as_row(request.manifest)
        job.manifest.bucket = job.manifest.bucket or BUCKET
        job.manifest.key = job.manifest.key or KEY
        job.manifest.etag = job.manifest.etag or ETAG
    return job


def _given(members: Any) -> Any:
    """The members without those that are left out."""
    if isinstance(members, Mapping):
        return {name: _given(value) for name, value in members.items() if value is not None}
    return members
