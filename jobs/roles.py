"""What a person may do with roles: set them, try their stores, and override what was found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from django.core.exceptions import ValidationError
from django.db import IntegrityError

from jobs import probing, stores
from jobs.answering import reaching
from jobs.checked import ceiling, checked_reason, name_of
from jobs.database import write
from jobs.errors import Conflict, InvalidRequest, NotPermitted
from jobs.members import Rank, may, require, require_same_account
from jobs.models import Role, Trial, Waiver
from jobs.models.trials import LABELS
from jobs.requests import BUCKET
from operations import OPERATION_BY_NAME
from operations.probe import PLANS, WORST_FIRST, Finding

if TYPE_CHECKING:
    from jobs.members import User


def set_role(
    account_id: str, name: str, *, secret_access_key: str | None = None, **values: str | int | None
) -> Role:
    """Make or change a role. Raises InvalidRequest."""
    role, faults = drafted(account_id, name, secret_access_key=secret_access_key, **values)
    if faults:
        raise InvalidRequest(faults)
    try:
        with write():
            role.save()
    except IntegrityError:
        told = f"Somebody else has just made the role {name}; look at it first."
        raise Conflict(told) from None
    return role


def drafted(
    account_id: str, name: str, *, secret_access_key: str | None = None, **values: str | int | None
) -> tuple[Role, dict[str, list[str]]]:
    """The role as it would be saved, and every fault of it."""
    known = Role.objects.filter(account_id=account_id, name=name).first()
    role = known or Role(account_id=account_id, name=name)
    faults: dict[str, list[str]] = {}
    for field, value in values.items():
        try:
            setattr(role, field, ceiling(value) if field == "requests_per_second" else value)
        except InvalidRequest as error:
            faults |= error.fields
    if secret_access_key is not None:
        role.secret_access_key = secret_access_key
    if not role.sealed_secret:
        faults["secret_access_key"] = ["A new role needs a secret access key."]
    try:
        role.full_clean(exclude=["sealed_secret"])
    except ValidationError as error:
        faults |= error.message_dict
    return role, faults


class Tried(NamedTuple):
    """What a trial came to: of a few operations what was found just now, and what is known now."""

    now: Sequence[Trial]
    known: Sequence[Trial]

    @property
    def worst(self) -> Finding:
        """The gravest of all that."""
        return min((trial.found for trial in (*self.now, *self.known)), key=WORST_FIRST.index)

    def told(self, call: Callable[[str], str] = str) -> str:
        """All that does not simply work, worst first, with operations as `call` calls them; empty
        where everything works.
        """
        said = []
        for finding in (Finding.DESTROYS, Finding.IGNORED, Finding.REFUSED):
            if names := [call(one.operation) for one in self.known if one.found == finding]:
                said.append(f"{LABELS[finding]}: {', '.join(names)}.")
        if untried := [one for one in self.now if one.found == Finding.UNTRIED]:
            names = [call(one.operation) for one in untried]
            told = f"{len(untried)} of {len(self.now)} could not be tried: {', '.join(names)}."
            said += [told, *dict.fromkeys(one.detail for one in untried)]
        return " ".join(said)


def try_store(role: Role, user: User, bucket: str, operations: Sequence[str] = ()) -> Tried:
    """`probe_role` for people: what an operator finds takes the place of whatever is known."""
    require(user, Rank.SUBMITTER, "Trying a store")
    require_same_account(user, role.account_id)
    return probe_role(role, bucket, operations, by_operator=may(user, Rank.OPERATOR))


def probe_role(
    role: Role, bucket: str, operations: Sequence[str] = (), *, by_operator: bool = False
) -> Tried:
    """Try all operations that can be tried, or the named ones, at the role's store, on scratch
    objects in the bucket; `matrix` has what is known then. Raises InvalidRequest.

    An operator's trial takes the place of whatever is known; see `probing`.
    """
    names = [name for name in OPERATION_BY_NAME if name in PLANS]
    faults: dict[str, list[str]] = {}
    if role.is_aws:
        faults["role"] = ["The role is at AWS itself, which is not tried."]
    if unknown := [name for name in operations if name not in names]:
        told = f"{', '.join(map(str, unknown))} cannot be tried; choose from {', '.join(names)}."
        faults["operations"] = [told]
    if not BUCKET.fullmatch(bucket := bucket or role.scratch_bucket):
        faults["bucket"] = ["Name a bucket that the role may write a scratch object to."]
    if faults:
        raise InvalidRequest(faults)
    with reaching(role):
        if stores.identify(role, bucket) == 404:
            raise InvalidRequest({"bucket": [f"There is no bucket {bucket}."]})
        trials = probing.try_operations(
            role, bucket, [*operations] or names, lambda: None, by_operator=by_operator
        )
    tried = {trial.operation for trial in trials}
    rows = [row.trial for row in probing.matrix(role) if row.name in tried]
    return Tried(trials, [trial for trial in rows if trial])


def waive(role: Role, user: User, operation: str, *, reason: str) -> Waiver:
    """Let jobs of the role do an operation that its store ignores. For operators alone.

    Raises NotPermitted, for an operation that destroys data to everybody; Conflict where there is
    nothing to override; InvalidRequest without a reason.
    """
    require(user, Rank.OPERATOR, "Overriding what a trial found")
    require_same_account(user, role.account_id)
    trial = Trial.objects.standing(role).filter(operation=operation).first()
    if trial and trial.found == Finding.DESTROYS:
        raise NotPermitted("The store destroys data; nobody can override that.")
    if trial is None or trial.found != Finding.IGNORED:
        raise Conflict(f"No trial found that this store ignores {operation}.")
    if not reason.strip():
        raise InvalidRequest({"reason": ["Say why; it is kept with your name."]})
    with write():
        return Waiver.objects.create(
            role=role,
            endpoint_url=role.endpoint,
            operation=operation,
            reason=checked_reason(reason.strip()),
            actor=name_of(user),
        )
