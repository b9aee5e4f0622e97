"""Object Lock retention: keep each object until a date, or no longer (spec.md 5.8).

A date has to be in the future when the job is created. What it is when a task comes is left to the
store: a job may wait long.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from operations.base import Operation, Parameters, Store, Target
from operations.object_lock import READ_PERMISSION, require_future, require_object_lock
from operations.parameters import EventHoldDuration, Flag, Timestamp, given


class Retention(Parameters):
    """Until when and how strictly objects are kept. Without any member, they are not."""

    when_empty: ClassVar[str] = "Remove the retention of each object"

    mode: Literal["GOVERNANCE", "COMPLIANCE"] | None = Field(
        default=None,
        title="Mode",
        description="GOVERNANCE: some may lift the lock. COMPLIANCE: nobody may.",
    )
    retain_until_date: Timestamp | None = Field(
        default=None, title="Retain until", description="When the lock ends. Goes with the mode."
    )
    event_hold: Literal["ON", "OFF"] | None = Field(
        default=None,
        title="Event hold",
        description="ON locks the objects until an event, in place of a date; OFF: it is over.",
    )
    event_hold_duration: EventHoldDuration | None = Field(
        default=None,
        title="Event hold duration",
        description="How long the lock outlasts the event.",
    )

    @model_validator(mode="after")
    def fits_together(self) -> Self:
        faults = []
        if self.retain_until_date and not self.mode:
            faults.append("A retain-until date goes with a mode.")
        if self.mode and not (self.retain_until_date or self.event_hold):
            faults.append("A mode goes with a retain-until date or an event hold.")
        if self.retain_until_date and self.event_hold:
            faults.append("Give a retain-until date or an event hold, not both.")
        if self.event_hold_duration and not self.event_hold:
            faults.append("An event hold duration goes with an event hold.")
        if faults:
            raise ValueError(" ".join(faults))
        return self

    def arguments(self) -> dict[str, Any]:
        """What is given, as boto3's argument."""
        lasting = self.event_hold_duration
        return given(
            Mode=self.mode,
            RetainUntilDate=self.retain_until_date,
            EventHold=self.event_hold,
            EventHoldDuration=lasting and given(Days=lasting.days, Years=lasting.years),
        )


class PutObjectRetention(Operation):
    """Set or remove the retention of each object. The bucket needs Object Lock."""

    name: ClassVar[str] = "S3PutObjectRetention"
    label: ClassVar[str] = "Object Lock retention"
    call: ClassVar[str] = "put_object_retention"
    permissions: ClassVar[tuple[str, ...]] = (
        READ_PERMISSION,
        "s3:PutObjectRetention",
        "s3:BypassGovernanceRetention",
    )

    retention: Retention = Field(
        title="Retention", description="Until when and how strictly objects are kept."
    )
    bypass_governance_retention: Flag | None = Field(
        default=None,
        title="Bypass governance",
        description="Needed to shorten or remove a GOVERNANCE lock. COMPLIANCE cannot be bypassed.",
    )

    def admit(self, store: Store) -> None:
        """The date is to come."""
        require_future(self.retention.retain_until_date, "retention.retain_until_date")

    def check(self, store: Store, bucket: str) -> None:
        """The bucket has Object Lock."""
        require_object_lock(store, bucket)

    def request(self, target: Target) -> dict[str, Any]:
        """The target and its retention; an empty one removes what the object has."""
        bypass = given(BypassGovernanceRetention=self.bypass_governance_retention or None)
        return {**target.address, **bypass, "Retention": self.retention.arguments()}
