"""Trust no store untried: operations are tried before the first job, and remembered (decision 16).

    works      the job goes on
    refused    the job goes on, and says so: its tasks will fail, and nothing is harmed
    ignored    the job fails, unless an operator gave a waiver
    destroys   the job fails; nobody can override it
    untried    the job waits for a person who says that they know it

A finding stands for 30 days, or until the store calls itself something else. An untried operation
is tried anew for each job, and never takes the place of a finding that stands.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models.functions import Now

from jobs import stores
from jobs.database import write
from jobs.errors import JobFailure
from jobs.models import Job, Role, Trial, Waiver
from operations import OPERATIONS, Operation
from operations.probe import PLANS, Finding, Found, probe, sweep

Tick = Callable[[], None]


@dataclass(frozen=True)
class Judgement:
    """What a job's store is known for. Both are empty where it works."""

    note: str = ""
    """Goes into the record of the job."""
    untried: str = ""
    """Why nobody knows; then a person has to say that the job may run all the same."""


@dataclass(frozen=True)
class Row:
    """One line of the matrix: an operation at a role's store."""

    operation: type[Operation]
    is_tried: bool
    trial: Trial | None
    is_standing: bool
    waiver: Waiver | None

    @property
    def name(self) -> str:
        """AWS's name. (A template would call the class itself.)"""
        return self.operation.name

    @property
    def may_be_waived(self) -> bool:
        """True where an operator may say that jobs run all the same."""
        ignored = self.trial is not None and self.trial.found == Finding.IGNORED
        return ignored and self.is_standing and self.waiver is None

    @property
    def label(self) -> str:
        """What the console calls the operation."""
        return self.operation.label


def judge(job: Job, bucket: str, tick: Tick) -> Judgement:
    """Whether the job may run at its store. Tries the operation if nothing is known of it.

    Raises JobFailure for a store that ignores the operation or destroys data, and botocore's errors
    where it does not answer.
    """
    role, plan = job.role, PLANS.get(job.operation)
    if role.is_aws or plan is None:
        return Judgement()
    trial = Trial.objects.standing(role).filter(operation=job.operation).first()
    if trial is None:
        place = role.scratch_bucket or plan.place(job.work, bucket)
        trial = try_operations(role, place, [job.operation], tick)[0]
    match trial.found:
        case Finding.WORKS:
            return Judgement()
        case Finding.REFUSED:
            return Judgement(note=f"refused when it was tried: {trial.detail}")
        case Finding.UNTRIED:
            return Judgement(untried=trial.detail)
        case Finding.IGNORED:
            return _waived(role, trial)
        case Finding.DESTROYS:
            raise JobFailure(
                "StoreDestroysData",
                f"This store destroys objects instead of doing {trial.operation}, as a trial in "
                f"the bucket {trial.bucket} on {trial.tried_at:%Y-%m-%d} showed. No object of the "
                "job was touched. Nobody can override this.",
            )


def _waived(role: Role, trial: Trial) -> Judgement:
    if waiver := waiver_of(role, trial.operation):
        return Judgement(
            note=f"ignored by the store; overridden by {waiver.actor}: {waiver.reason}"
        )
    raise JobFailure(
        "StoreIgnoresOperation",
        f"This store accepts {trial.operation} and does nothing, as a trial in the bucket "
        f"{trial.bucket} on {trial.tried_at:%Y-%m-%d} showed. An operator may override this on "
        f"the page of the role {role.name}.",
    )


def waiver_of(role: Role, operation: str) -> Waiver | None:
    """The newest waiver for the role, as long as it is at the same endpoint."""
    return role.waivers.filter(operation=operation, endpoint_url=role.endpoint).first()


def try_operations(role: Role, bucket: str, names: list[str], tick: Tick) -> list[Trial]:
    """Try operations on scratch objects, and remember what came.

    Raises botocore's errors where the store does not answer.
    """
    store, prefix = stores.scratch_store(role), role.scratch_prefix
    sweep(store, bucket, prefix)
    return [
        _remember(role, bucket, name, probe(name, store, bucket, prefix, tick)) for name in names
    ]


def _remember(role: Role, bucket: str, name: str, found: Found) -> Trial:
    told: dict[str, Any] = {
        "finding": found.finding,
        "detail": found.detail[:512],
        "http_status": found.http_status,
        "error_code": found.error_code,
        "bucket": bucket,
        "server": role.server,
    }
    place: dict[str, Any] = {
        "account_id": role.account_id,
        "endpoint_url": role.endpoint,
        "operation": name,
    }
    with write():
        standing = Trial.objects.standing(role).filter(operation=name).exists()
        if found.finding == Finding.UNTRIED and standing:
            return Trial(**place, **told)
        trial, _ = Trial.objects.update_or_create(defaults=told | {"tried_at": Now()}, **place)
    trial.refresh_from_db()
    return trial


def matrix(role: Role) -> list[Row]:
    """Every operation, and what is known of it at the role's store."""
    trials = {trial.operation: trial for trial in Trial.objects.at(role)}
    standing = set(Trial.objects.standing(role).values_list("operation", flat=True))
    return [
        Row(
            operation,
            is_tried=not role.is_aws and operation.name in PLANS,
            trial=trials.get(operation.name),
            is_standing=operation.name in standing,
            waiver=waiver_of(role, operation.name),
        )
        for operation in OPERATIONS
    ]
