"""Trust no store untried: operations are tried before the first job, and remembered (decision 16).

    works      the job goes on
    refused    the job goes on, and says so: its tasks will fail, and nothing is harmed
    ignored    the job fails, unless an operator gave a waiver
    destroys   the job fails; nobody can override it
    untried    the job waits for a person who says that they know it

A finding stands for 30 days, or until the store calls itself something else. An untried operation
is tried anew for each job, and never takes the place of a finding. One that says that data are
destroyed gives way only to a trial in the same bucket, or to one that an operator asked for.
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
from operations.probe import NOT_TRIED, PLANS, Finding, Found, probe, sweep

Tick = Callable[[], None]

ALSO = {"S3ReplicateObject": "S3PutObjectCopy"}
"""What is not tried itself, and the operation by whose requests it writes."""


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
    def why_not(self) -> str:
        """Why it is never tried there; empty where it is."""
        return "" if self.is_tried else NOT_TRIED.get(self.name, "AWS itself is the measure.")

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
    if not role.is_aws and job.operation in ALSO:
        _refuse_destroyer(_known(role, ALSO[job.operation]), job.operation)
    if role.is_aws or plan is None:
        return Judgement()
    trial = Trial.objects.standing(role).filter(operation=job.operation).first()
    if trial is None:
        place = role.scratch_bucket or plan.place(job.work, bucket)
        trial = try_operations(role, place, [job.operation], tick)[0]
        _refuse_destroyer(_known(role, job.operation), job.operation)
    _refuse_destroyer(trial, job.operation)
    match trial.found:
        case Finding.REFUSED:
            return Judgement(note=f"refused when it was tried: {trial.detail}")
        case Finding.UNTRIED:
            return Judgement(untried=trial.detail)
        case Finding.IGNORED:
            return _waived(role, trial)
    return Judgement()


def recheck(job: Job) -> None:
    """Whether the job may still do what it was let do: since then the store may have been found
    out, or the role been pointed elsewhere. Raises JobFailure.

    A finding that grew old while the job ran is good enough for it.
    """
    role = job.role
    if role.is_aws or job.operation not in {*PLANS, *ALSO}:
        return
    trial = _known(role, ALSO.get(job.operation, job.operation))
    _refuse_destroyer(trial, job.operation, "It was found while the job was under way.")
    if job.operation in ALSO:
        return
    if trial is None or (trial.found == Finding.UNTRIED and not job.untried):
        raise _changed(role, job.operation)
    if job.untried:  # somebody answers for it; but not for what is known to be ignored
        if trial.found == Finding.IGNORED and Trial.objects.standing(role).contains(trial):
            _waived(role, trial)
    elif trial.expires_at < job.created_at:
        raise _changed(role, job.operation)
    elif trial.found == Finding.IGNORED:
        _waived(role, trial)


def _known(role: Role, operation: str) -> Trial | None:
    """What was found last, whether it stands or not."""
    return Trial.objects.at(role).filter(operation=operation).first()


def _changed(role: Role, operation: str) -> JobFailure:
    return JobFailure(
        "StoreUntried",
        f"The role {role.name} is at a store now where {operation} was not tried for this job. "
        "Create the job again.",
    )


def _refuse_destroyer(
    trial: Trial | None, operation: str, when: str = "No object of the job was touched."
) -> None:
    """Raises JobFailure where the trial found that the store destroys objects."""
    if trial and trial.found == Finding.DESTROYS:
        raise JobFailure(
            "StoreDestroysData",
            f"This store destroys objects instead of doing {operation}, as a trial in the bucket "
            f"{trial.bucket} on {trial.tried_at:%Y-%m-%d %H:%M} UTC showed. {when} Nobody can "
            "override this.",
        )


def _waived(role: Role, trial: Trial) -> Judgement:
    if waiver := waiver_of(role, trial.operation):
        return Judgement(
            note=f"ignored by the store; overridden by {waiver.actor}: {waiver.reason}"
        )
    raise JobFailure(
        "StoreIgnoresOperation",
        f"This store accepts {trial.operation} and does nothing, as a trial in the bucket "
        f"{trial.bucket} on {trial.tried_at:%Y-%m-%d %H:%M} UTC showed. An operator may override "
        f"this on the page of the role {role.name}.",
    )


def waiver_of(role: Role, operation: str) -> Waiver | None:
    """The newest waiver for the role, as long as it is at the same endpoint, and the store was not
    seen to do anything else since.
    """
    given = role.waivers.filter(operation=operation, endpoint_url=role.endpoint)
    return given.filter(ended_at=None).first()


def try_operations(
    role: Role, bucket: str, names: list[str], tick: Tick, *, by_operator: bool = False
) -> list[Trial]:
    """Try operations on scratch objects, and remember what came. Returns what was found just now,
    which is not always what is known.

    Raises botocore's errors where the store does not answer.
    """
    store, prefix = stores.scratch_store(role), role.scratch_prefix
    sweep(store, bucket, prefix)
    return [
        _remember(
            role, bucket, name, probe(name, store, bucket, prefix, tick), by_operator=by_operator
        )
        for name in names
    ]


def _remember(role: Role, bucket: str, name: str, found: Found, *, by_operator: bool) -> Trial:
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
        known = _known(role, name)
        if known and not _gives_way(known, found, bucket, by_operator=by_operator):
            return Trial(**place, **told)
        trial, _ = Trial.objects.update_or_create(defaults=told | {"tried_at": Now()}, **place)
        if found.finding not in (Finding.IGNORED, Finding.UNTRIED):
            at_store = Waiver.objects.filter(role__account_id=role.account_id, ended_at=None)
            at_store.filter(endpoint_url=role.endpoint, operation=name).update(ended_at=Now())
    trial.refresh_from_db()
    return trial


def _gives_way(known: Trial, found: Found, bucket: str, *, by_operator: bool) -> bool:
    """Whether what was found takes the place of what is known: nobody forgets by not looking, and
    another bucket may be on another machine.
    """
    if found.finding == Finding.UNTRIED:
        return known.found == Finding.UNTRIED
    return known.found != Finding.DESTROYS or known.bucket == bucket or by_operator


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
