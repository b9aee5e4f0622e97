"""Manifests as they are handed in: uploaded, or named in S3. What their first rows show to be wrong
is told before anything is made of them.
"""

from __future__ import annotations

import hashlib
import logging
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING

from jobs import manifests, stores
from jobs.answering import reaching
from jobs.database import write
from jobs.errors import InvalidRequest, JobFailure, SpoolUnusable
from jobs.members import Rank, account_of, require
from jobs.models import Manifest, Role
from jobs.parents import manifest_of_tasks
from jobs.requests import CSV, DEFAULT_FIELDS, JobRequest, ManifestRequest
from jobs.spool import spool
from jobs.visible import manifests_of

if TYPE_CHECKING:
    from uuid import UUID

    from django.core.files import File

    from jobs.generator import ManifestGenerator
    from jobs.members import User
    from operations import Operation

NO_MANIFEST = "There is no such manifest; upload it first."


logger = logging.getLogger(__name__)


def store_upload(
    user: User,
    file: File[bytes],
    *,
    filename: str,
    format: str = CSV,
    fields: Sequence[str] | None = None,
    bucket: str = "",
) -> Manifest:
    """Keep an uploaded manifest in the spool, after a look at its first rows.

    `fields` are the columns of a CSV, `bucket` that of a list which names none. Raises
    InvalidRequest for what the first rows already show to be wrong; the rest is checked in
    Preparing.
    """
    manifest = keep_upload(
        user, file, filename=filename, format=format, fields=fields, bucket=bucket
    )
    try:
        manifests.peek(manifest, None, spool.storage)
    except JobFailure as failure:
        spool.delete(manifest.upload)
        raise InvalidRequest({"file": [failure.reason]}) from None
    with write():
        manifest.save(force_insert=True)
    return manifest


def keep_upload(
    user: User,
    file: File[bytes],
    *,
    filename: str,
    format: str = CSV,
    fields: Sequence[str] | None = None,
    bucket: str = "",
) -> Manifest:
    """The upload in the spool, unread, and the row for it, which the caller saves.

    Raises InvalidRequest where format, fields or bucket make no sense; NotPermitted.
    """
    require(user, Rank.SUBMITTER, "Handing in a list")
    request = _described(format, fields, bucket)
    manifest = Manifest(
        account_id=account_of(user),
        created_by_id=user.pk,
        format=request.format,
        fields=list(request.fields or DEFAULT_FIELDS),
        list_bucket=request.bucket or "",
        filename=filename[:255],
        upload=f"uploads/{uuid.uuid4()}",
    )
    manifest.size, manifest.sha256 = _spool_upload(file, manifest.upload)
    return manifest


def _described(format: str, fields: Sequence[str] | None, bucket: str) -> ManifestRequest:
    """Format, columns and bucket of an upload, judged like those of a manifest in S3."""
    if fields is not None and format == CSV:
        try:
            manifests.check_fields(fields)
        except JobFailure as failure:
            raise InvalidRequest({"fields": [failure.reason]}) from None
    return ManifestRequest.of_upload({"format": format, "fields": fields, "bucket": bucket or None})


def _spool_upload(file: File[bytes], name: str) -> tuple[int, str]:
    """Copy an upload into the spool; its bytes and their SHA-256. Raises SpoolUnusable."""
    digest, size = hashlib.sha256(), 0
    try:
        with spool.writing(name) as out:
            for block in file.chunks(1024 * 1024):
                digest.update(block)
                size += out.write(block)
    except OSError as error:
        logger.warning("An upload could not be kept: %s", error)
        raise SpoolUnusable(
            f"The list cannot be kept here: {error.strerror or error}. Somebody has to make room "
            "in the spool; then send it again."
        ) from None
    return size, digest.hexdigest()


def manifest_for(user: User, request: JobRequest, role: Role, operation: Operation) -> Manifest:
    """The manifest of a job: a generator, tasks of another job, an upload, or a new row for one in
    S3, which is pinned and looked at (decision 19). Raises InvalidRequest.
    """
    if request.manifest_generator:
        return listing(user, request.manifest_generator, role, operation)
    assert request.manifest  # JobRequest sees to that
    if request.manifest.parent:
        return manifest_of_tasks(user, request.manifest.parent)
    if request.manifest.id is None:
        return manifest_in_s3(user, request.manifest, role)
    return _known(user, request.manifest.id, role)


def manifest_unseen(user: User, request: JobRequest, operation: Operation) -> Manifest:
    """A row, not saved yet, for a generator or a manifest in S3 that Preparing will look at first.

    Raises InvalidRequest for columns that make no sense.
    """
    if request.manifest_generator:
        return listed(user, request.manifest_generator, operation)
    assert request.manifest  # JobRequest sees to that
    manifest = named_in_s3(user, request.manifest)
    try:
        manifests.check_fields(manifest.fields)
    except JobFailure as failure:
        raise InvalidRequest({"manifest.fields": [failure.reason]}) from None
    return manifest


def listed(
    user: User, generator: ManifestGenerator, operation: Operation | type[Operation]
) -> Manifest:
    """A row for a bucket that is to be listed. Replicating takes every version (spec.md 4.4)."""
    with_versions = generator.include_versions or operation.needs_versions
    return Manifest(
        account_id=account_of(user),
        created_by_id=user.pk,
        format=Manifest.Format.GENERATED,
        fields=["Bucket", "Key", "VersionId"] if with_versions else ["Bucket", "Key"],
        generator=generator.wire_form(),
    )


def listing(user: User, generator: ManifestGenerator, role: Role, operation: Operation) -> Manifest:
    """A row, not saved yet, for a bucket that is to be listed. Raises InvalidRequest where it
    cannot be.
    """
    manifest = listed(user, generator, operation)
    with reaching(role):
        try:
            manifests.peek(manifest, stores.s3_for(role), spool.storage)
        except JobFailure as failure:
            raise InvalidRequest({"manifest_generator": [failure.reason]}) from None
    return manifest


def _known(user: User, pk: UUID, role: Role) -> Manifest:
    """A manifest that was handed in before."""
    manifest = manifests_of(user).filter(pk=pk).first()
    if manifest is None:
        raise InvalidRequest({"manifest.id": [NO_MANIFEST]})
    if manifest.is_of_tasks:
        return manifest
    before = (manifest.fields, manifest.total_bytes)
    with reaching(role):
        try:
            manifests.peek(
                manifest, None if manifest.upload else stores.s3_for(role), spool.storage
            )
        except JobFailure as failure:
            raise InvalidRequest({"manifest": [failure.reason]}) from None
    if (manifest.fields, manifest.total_bytes) != before:
        # It was kept to be checked, and never was.
        with write():
            manifest.save(update_fields=["fields", "total_bytes"])
    return manifest


def manifest_in_s3(user: User, request: ManifestRequest, role: Role) -> Manifest:
    """A row, not saved yet, for a manifest in S3: pinned, and looked at. Raises InvalidRequest."""
    manifest = named_in_s3(user, request)
    s3 = stores.s3_for(role)
    with reaching(role):
        try:
            manifests.check_fields(manifest.fields)
            manifests.pin(manifest, s3)
            manifests.peek(manifest, s3, spool.storage)
        except JobFailure as failure:
            raise InvalidRequest({"manifest": [failure.reason]}) from None
    return manifest


def named_in_s3(user: User, request: ManifestRequest) -> Manifest:
    """A row for a manifest in S3 as it is named, unread."""
    manifest = as_row(request)
    manifest.account_id, manifest.created_by_id = account_of(user), user.pk
    return manifest


def as_row(request: ManifestRequest) -> Manifest:
    """The row, as far as the request alone says it."""
    bucket, key = request.bucket_and_key
    return Manifest(
        format=request.format,
        fields=list(request.fields or DEFAULT_FIELDS),
        list_bucket=request.bucket or "",
        bucket=bucket,
        key=key,
        version_id=request.version_id or "",
        etag=request.etag or "",
    )
