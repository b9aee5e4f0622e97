"""What a job is to do, in the few words that follow its operation's label.

essence(tagging)    by team=ops, year=2026 and 3 more
essence(copy)       to archive/copies/ in the class GLACIER
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from jobs.pages.kinds import KINDS
from jobs.pages.members import described
from jobs.pages.words import middle
from operations import (
    ComputeObjectChecksum,
    InitiateRestoreObject,
    LambdaInvoke,
    Operation,
    PutObjectAcl,
    PutObjectCopy,
    PutObjectLegalHold,
    PutObjectRetention,
    PutObjectTagging,
    UpdateObjectEncryption,
)
from operations.parameters import EventHoldDuration, Tag, bucket_of

MOST = 3
"""So many values of a kind are shown."""
LONGEST = 80
"""In characters: what is longer is cut in its middle. All of it is told below."""


class Phrase(NamedTuple):
    """Words of ours, and the values of a person to which they lead."""

    words: str
    values: tuple[str, ...] = ()

    @property
    def shown(self) -> list[str]:
        """The first of the values, short enough for a headline."""
        return [middle(value, LONGEST) for value in self.values[:MOST]]

    @property
    def more(self) -> int:
        """How many others there are."""
        return len(self.values[MOST:])


Phrases = Iterator[Phrase]


def essence(operation: Operation) -> list[Phrase]:
    """The parameters that make the difference; empty where there are none."""
    return list(TOLD.get(type(operation), _others)(operation))


def _others(operation: Operation) -> Phrases:
    """Of an operation without words of its own."""
    if told := described(operation):
        yield Phrase("with", tuple(f"{label}: {text}" for label, text in told))


def _copy(copy: PutObjectCopy) -> Phrases:
    where = copy.destination_key("")
    yield Phrase("to", (f"s3://{bucket_of(copy.target_resource)}/{where}",))
    if copy.storage_class:
        yield Phrase("in the class", (copy.storage_class,))
    told = {"target_resource", "target_key_prefix", "storage_class"}
    if count := len(copy.model_dump(exclude=told, exclude_unset=True, exclude_none=True)):
        yield Phrase("with 1 more setting" if count == 1 else f"with {count} more settings")


def _invoke(invoked: LambdaInvoke) -> Phrases:
    yield Phrase("", (invoked.function_arn,))
    if invoked.user_arguments:
        yield Phrase("with", tuple(f"{key}={text}" for key, text in invoked.user_arguments.items()))


def _tags(tagging: PutObjectTagging) -> Phrases:
    yield Phrase("by", _texts(tagging.tag_set)) if tagging.tag_set else Phrase("by none")


def _texts(tags: tuple[Tag, ...]) -> tuple[str, ...]:
    return tuple(f"{tag.key}={tag.value}" for tag in tags)


def _acl(replaced: PutObjectAcl) -> Phrases:
    policy = replaced.access_control_policy
    if policy.access_control_list is None:
        yield Phrase("by", (policy.canned_access_control_list or "",))
        return
    grants = policy.access_control_list.grants or ()
    of = (f"{g.permission} {g.grantee.type_identifier}={g.grantee.identifier}" for g in grants)
    yield Phrase("by", tuple(of)) if grants else Phrase("by no grants")


def _restore(restored: InitiateRestoreObject) -> Phrases:
    if restored.expiration_in_days:
        yield Phrase("for", (_counted(restored.expiration_in_days, "day"),))
    yield Phrase("by the tier", (restored.glacier_job_tier or "STANDARD",))


def _retention(kept: PutObjectRetention) -> Phrases:
    retention = kept.retention
    if not retention.arguments():
        yield Phrase("taken away")
    if retention.retain_until_date:
        moment = KINDS[type(retention.retain_until_date)].show(retention.retain_until_date)
        yield Phrase("until", (moment,))
    if retention.event_hold:
        yield Phrase("with the event hold", (retention.event_hold,))
    if retention.event_hold_duration:
        yield Phrase("lasting", (_lasting(retention.event_hold_duration),))
    if retention.mode:
        yield Phrase("in the mode", (retention.mode,))
    if kept.bypass_governance_retention:
        yield Phrase("past GOVERNANCE locks")


def _lasting(duration: EventHoldDuration) -> str:
    if duration.days:
        return _counted(duration.days, "day")
    return _counted(duration.years or 0, "year")


def _counted(number: int, unit: str) -> str:
    return f"1 {unit}" if number == 1 else f"{number:,} {unit}s"


def _hold(hold: PutObjectLegalHold) -> Phrases:
    yield Phrase("set to", (hold.legal_hold.status,))


def _checksum(computed: ComputeObjectChecksum) -> Phrases:
    yield Phrase("by", (computed.checksum_algorithm, computed.checksum_type))


def _encryption(updated: UpdateObjectEncryption) -> Phrases:
    yield Phrase("to the key", (updated.object_encryption.sse_kms.kms_key_arn,))
    if updated.object_encryption.sse_kms.bucket_key_enabled:
        yield Phrase("with a bucket key")


TOLD: dict[type[Operation], Callable[[Any], Phrases]] = {
    PutObjectCopy: _copy,
    LambdaInvoke: _invoke,
    PutObjectTagging: _tags,
    PutObjectAcl: _acl,
    InitiateRestoreObject: _restore,
    PutObjectRetention: _retention,
    PutObjectLegalHold: _hold,
    ComputeObjectChecksum: _checksum,
    UpdateObjectEncryption: _encryption,
}
