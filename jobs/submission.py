"""Handing in: everything that can be known is checked before a job exists."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from django.db import IntegrityError, transaction

from jobs import background, manifests, stores
from jobs.accounts import account_of
from jobs.database import write
from jobs.errors import Conflict, InvalidRequest, JobFailure
from jobs.models import Job, JobEvent, Manifest, Role
from jobs.report import report_key
from jobs.requests import JobRequest, ManifestRequest
from jobs.spool import spool
from jobs.status import JobStatus
from jobs.visible import manifests_of

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
    from django.core.files import File

    User = AbstractBaseUser | AnonymousUser


def store_upload(
    user: User, file: File[bytes], *, filename: str, fields: Sequence[str]
) -> Manifest:
    """Keep an uploaded CSV manifest in the spool, after a look at its first rows.

    Raises InvalidRequest for what the first rows already show to be wrong; the rest is checked in
    Preparing.
    """
    try:
        manifests.check_fields(fields)
    except JobFailure as failure:
        raise InvalidRequest({"fields": [failure.reason]}) from None
    name = f"uploads/{uuid.uuid4()}"
    digest = hashlib.sha256()
    size = 0
    with spool.writing(name) as out:
        for block in file.chunks(1024 * 1024):
            digest.update(block)
            size += len(block)
            out.write(block)
    manifest = Manifest(
        account_id=account_of(user),
        created_by_id=user.pk,
        fields=list(fields),
        upload=name,
        filename=filename[:255],
        size=size,
        sha256=digest.hexdigest(),
    )
    try:
        manifests.peek(manifests.open_source(manifest, None, spool.storage), fields)
    except JobFailure as failure:
        spool.delete(name)
        raise InvalidRequest({"file": [failure.reason]}) from None
    with write():
        manifest.save(force_insert=True)
    return manifest


def create_job(user: User, given: Mapping[str, Any]) -> Job:
    """Check everything that can be known now, and create the job; background workers take it from
    there.

    The same client_request_token with the same request gives the same job (spec.md 3.11). Raises
    InvalidRequest, Conflict.
    """
    request, operation = JobRequest.parse(given)
    account_id = account_of(user)
    digest = request.digest(operation)
    if request.client_request_token and (
        job := _repeated(account_id, request.client_request_token, digest)
    ):
        return job
    role = _role(account_id, request.role)
    job = Job(
        account_id=account_id,
        created_by_id=user.pk,
        operation=operation.name,
        parameters=operation.wire_form(),
        role=role,
        priority=request.priority,
        description=request.description,
        confirmation_required=request.confirmation_required,
        tags=request.tags,
        client_request_token=request.client_request_token or "",
        request_digest=digest,
        report_enabled=request.report.enabled,
        report_bucket=request.report.bucket or "",
        report_prefix=request.report.prefix,
        report_scope=request.report.scope if request.report.enabled else "",
    )
    job.manifest = _manifest(user, request.manifest, role)
    _check_report(job)
    return _save(job, user)


def _repeated(account_id: str, token: str, digest: str) -> Job | None:
    job = Job.objects.filter(account_id=account_id, client_request_token=token).first()
    if job and job.request_digest != digest:
        raise Conflict("This client_request_token was used before for a job with other parameters.")
    return job


def _role(account_id: str, named: str) -> Role:
    name = named.removeprefix(f"arn:aws:iam::{account_id}:role/")
    role = Role.objects.filter(account_id=account_id, name=name).first()
    if role is None:
        raise InvalidRequest(
            {"role": [f"There is no role {named!r}. Make it with `manage.py role set`."]}
        )
    return role


def _manifest(user: User, request: ManifestRequest, role: Role) -> Manifest:
    """The uploaded manifest, or a new row for one in S3, pinned and looked at (decision 19)."""
    if request.id is not None:
        manifest = manifests_of(user).filter(pk=request.id).first()
        if manifest is None:
            raise InvalidRequest({"manifest.id": ["There is no such manifest; upload it first."]})
        return manifest
    bucket, key = request.bucket_and_key
    manifest = Manifest(
        account_id=account_of(user),
        created_by_id=user.pk,
        fields=list(request.fields),
        bucket=bucket,
        key=key,
        version_id=request.version_id or "",
        etag=request.etag or "",
    )
    s3 = stores.s3_for(role)
    try:
        manifests.check_fields(request.fields)
        manifests.pin(manifest, s3)
        manifests.peek(manifests.open_source(manifest, s3, spool.storage), request.fields)
    except JobFailure as failure:
        raise InvalidRequest({"manifest": [failure.reason]}) from None
    except (BotoCoreError, ClientError) as error:
        raise InvalidRequest({"role": [stores.unreachable(role, error)]}) from None
    return manifest


def _check_report(job: Job) -> None:
    if not job.report_enabled:
        return
    try:
        stores.check_writable(job.role, job.report_bucket, report_key(job, "manifest.json"))
    except JobFailure as failure:
        raise InvalidRequest({"report.bucket": [failure.reason]}) from None
    except (BotoCoreError, ClientError) as error:
        raise InvalidRequest({"role": [stores.unreachable(job.role, error)]}) from None


def _save(job: Job, user: User) -> Job:
    try:
        with write():
            if job.manifest._state.adding:
                job.manifest.save(force_insert=True)
            job.save(force_insert=True)
            JobEvent.objects.create(
                job=job, actor=user.get_username(), to_status=JobStatus.NEW, reason="created"
            )
            transaction.on_commit(background.ring)
    except IntegrityError:
        # Two requests with the same token raced; the database let one in.
        if again := _repeated(job.account_id, job.client_request_token, job.request_digest):
            return again
        raise
    job.refresh_from_db()
    return job
