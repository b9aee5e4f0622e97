"""Handing in: everything that can be known is checked before a job exists."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction

from jobs import background, stores
from jobs.answering import reaching
from jobs.checked import name_of
from jobs.database import write
from jobs.delivery import check_report
from jobs.errors import Conflict, InvalidRequest, JobFailure
from jobs.generated import check_output
from jobs.intake import NO_MANIFEST, listed, manifest_for, manifest_unseen
from jobs.manifests import generator_of
from jobs.members import Rank, account_of, require
from jobs.models import Job, JobEvent, Manifest, Role
from jobs.needs import lacking, lacking_report
from jobs.parents import keep_parent
from jobs.requests import JobRequest
from jobs.status import JobStatus
from operations import Operation
from operations.base import Unfit

if TYPE_CHECKING:
    from jobs.members import User

TIMEOUT = 5
"""Seconds for an answer of the store to `rehearse_job`: somebody waits at the browser."""


def create_job(
    user: User,
    given: Mapping[str, Any],
    *,
    wire_form: Mapping[str, Any] | None = None,
) -> Job:
    """Check everything that can be known now, and create the job; background workers take it from
    there. `wire_form`: Manifest, Report and RoleArn as an AWS client wrote them; for its job, what
    only a store can tell waits for Preparing, as on AWS (spec.md 3.4).

    The same client_request_token with the same request gives the same job (spec.md 3.11). Raises
    InvalidRequest, Conflict, NotPermitted.
    """
    require(user, Rank.SUBMITTER, "Creating a job")
    request, operation = JobRequest.parse(given)
    account_id, digest = account_of(user), request.digest(operation)
    if job := _repeated(account_id, request.client_request_token, digest):
        return job
    job = as_row(request, operation)
    job.wire_form = dict(wire_form) if wire_form is not None else None
    job.account_id, job.created_by_id, job.request_digest = account_id, user.pk, digest
    job.role = _role(account_id, request.role)
    _admit(operation, job.role)
    if job.wire_form is None:
        job.manifest = manifest_for(user, request, job.role, operation)
        _ask_store(job)
    else:
        job.manifest = manifest_unseen(user, request, operation)
    return _save(job, user)


def rehearse_job(user: User, given: Mapping[str, Any]) -> list[str]:
    """Ask soon what `create_job` asks of all but the list, and keep nothing. The store has little
    time: that it did not answer is returned as a sentence, since it may when the job is created.

    Raises InvalidRequest for what `create_job` would refuse; NotPermitted.
    """
    require(user, Rank.SUBMITTER, "Creating a job")
    request, operation = JobRequest.parse(given)
    job = as_row(request, operation)
    job.role = _role(account_of(user), request.role)
    _admit(operation, job.role)
    _refuse(lacking_report(job))
    generator = request.manifest_generator
    job.manifest = listed(user, generator, operation) if generator else Manifest()
    try:
        _check_report(job, timeout=TIMEOUT)
        _check_output(job, timeout=TIMEOUT)
    except InvalidRequest as error:
        if silent := error.fields.get("role"):
            return silent
        raise
    return []


def _ask_store(job: Job) -> None:
    """Refuse now what would fail the job later."""
    _refuse(lacking(job))
    _check_report(job)
    _check_output(job)


def as_row(request: JobRequest, operation: Operation) -> Job:
    """The row, as far as the request alone says it."""
    report = request.report
    return Job(
        operation=operation.name,
        parameters=operation.wire_form(),
        priority=request.priority,
        requests_per_second=request.requests_per_second,
        description=request.description,
        failure_rule=_rule(request.failure_threshold),
        failure_limit=request.failure_threshold if request.failure_threshold != "never" else None,
        run_window=request.run_window.stored() if request.run_window else None,
        confirmation_required=request.confirmation_required,
        tags=request.tags,
        client_request_token=request.client_request_token or "",
        report_enabled=report.enabled,
        report_bucket=report.bucket or "",
        report_expected_owner=report.expected_bucket_owner or "" if report.enabled else "",
        report_prefix=report.prefix,
        report_scope=report.scope if report.enabled else "",
    )


def _rule(threshold: int | str | None) -> Job.FailureRule:
    if threshold is None:
        return Job.FailureRule.HALF
    return Job.FailureRule.NEVER if threshold == "never" else Job.FailureRule.COUNT


def _repeated(account_id: str, token: str | None, digest: str) -> Job | None:
    """The job of an earlier request with the same token; raises Conflict for another request."""
    if not token:
        return None
    job = Job.objects.filter(account_id=account_id, client_request_token=token).first()
    if job and job.request_digest != digest:
        raise Conflict("This client_request_token was used before for a job with other parameters.")
    return job


def _role(account_id: str, named: str) -> Role:
    name = re.sub(rf"^arn:[^:]+:iam::{account_id}:role/", "", named)
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


def _refuse(found: Iterable[tuple[str, str, str]]) -> None:
    """Refuse now what Preparing would fail the job for."""
    if faults := {field: [reason] for field, _, reason in found}:
        raise InvalidRequest(faults)


def _check_report(job: Job, **hurried: int) -> None:
    if not job.report_enabled:
        return
    with reaching(job.role):
        try:
            check_report(job, **hurried)
        except JobFailure as failure:
            wrong_owner = failure.code == "BucketOwnerMismatch"
            field = "report.expected_bucket_owner" if wrong_owner else "report.bucket"
            raise InvalidRequest({field: [failure.reason]}) from None


def _check_output(job: Job, **hurried: int) -> None:
    """Refuse now a listing that could not be saved."""
    if not job.manifest.saves_list:
        return
    with reaching(job.role):
        try:
            check_output(job.role, generator_of(job.manifest), job.pk, **hurried)
        except JobFailure as failure:
            field = "manifest_generator.manifest_output_location"
            raise InvalidRequest({field: [failure.reason]}) from None


def _save(job: Job, user: User) -> Job:
    try:
        with write():
            keep_parent(job.manifest)
            if job.manifest._state.adding:
                job.manifest.save(force_insert=True)
            job.save(force_insert=True)
            JobEvent.objects.create(
                job=job, actor=name_of(user), to_status=JobStatus.NEW, reason="created"
            )
            transaction.on_commit(background.ring)
    except IntegrityError:
        if again := _quicker(job):
            return again
        raise
    job.refresh_from_db()
    return job


def _quicker(job: Job) -> Job | None:
    """The job of another request with the same token, which the database let in first. Raises
    InvalidRequest where the list was removed meanwhile, as no job had used it for long.
    """
    token = job.client_request_token
    if again := _repeated(job.account_id, token, job.request_digest):
        return again
    if not Manifest.objects.filter(pk=job.manifest_id).exists():
        raise InvalidRequest({"manifest.id": [NO_MANIFEST]}) from None
    return None
