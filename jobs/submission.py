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
from jobs.delivery import check_report
from jobs.errors import Conflict, InvalidRequest, JobFailure
from jobs.models import Job, JobEvent, Manifest, Role
from jobs.needs import lacking
from jobs.requests import JobRequest, ManifestRequest
from jobs.spool import spool
from jobs.status import JobStatus
from jobs.visible import manifests_of
from operations import Operation
from operations.base import Unfit

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
    manifest = Manifest(
        account_id=account_of(user),
        created_by_id=user.pk,
        fields=list(fields),
        filename=filename[:255],
        upload=f"uploads/{uuid.uuid4()}",
    )
    manifest.size, manifest.sha256 = _spool_upload(file, manifest.upload)
    try:
        manifests.peek(manifests.open_source(manifest, None, spool.storage), fields)
    except JobFailure as failure:
        spool.delete(manifest.upload)
        raise InvalidRequest({"file": [failure.reason]}) from None
    with write():
        manifest.save(force_insert=True)
    return manifest


def _spool_upload(file: File[bytes], name: str) -> tuple[int, str]:
    """Copy an upload into the spool; its bytes and their SHA-256."""
    digest, size = hashlib.sha256(), 0
    with spool.writing(name) as out:
        for block in file.chunks(1024 * 1024):
            digest.update(block)
            size += out.write(block)
    return size, digest.hexdigest()


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
    job = _job(request, operation)
    job.account_id, job.created_by_id, job.request_digest = account_id, user.pk, digest
    job.role = _role(account_id, request.role)
    _admit(operation, job.role)
    job.manifest = _manifest(user, request.manifest, job.role)
    _require(job)
    _check_report(job)
    return _save(job, user)


def _job(request: JobRequest, operation: Operation) -> Job:
    """The row, as far as the request alone says it."""
    report = request.report
    return Job(
        operation=operation.name,
        parameters=operation.wire_form(),
        priority=request.priority,
        requests_per_second=request.requests_per_second,
        description=request.description,
        confirmation_required=request.confirmation_required,
        tags=request.tags,
        client_request_token=request.client_request_token or "",
        report_enabled=report.enabled,
        report_bucket=report.bucket or "",
        report_expected_owner=report.expected_bucket_owner or "" if report.enabled else "",
        report_prefix=report.prefix,
        report_scope=report.scope if report.enabled else "",
    )


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


def _admit(operation: Operation, role: Role) -> None:
    """Refuse parameters that name what is not known here."""
    try:
        operation.admit(stores.store_for(role))
    except Unfit as unfit:
        raise InvalidRequest({f"parameters.{unfit.parameter}": [unfit.reason]}) from None


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


def _require(job: Job) -> None:
    """Refuse now what Preparing would fail the job for."""
    if faults := {field: [reason] for field, _, reason in lacking(job)}:
        raise InvalidRequest(faults)


def _check_report(job: Job) -> None:
    if not job.report_enabled:
        return
    try:
        check_report(job)
    except JobFailure as failure:
        wrong_owner = failure.code == "BucketOwnerMismatch"
        field = "report.expected_bucket_owner" if wrong_owner else "report.bucket"
        raise InvalidRequest({field: [failure.reason]}) from None
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
