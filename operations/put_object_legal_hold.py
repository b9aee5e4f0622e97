"""Object Lock legal hold: put each object on hold, or take it off (spec.md 5.7)."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from operations.base import Operation, Parameters, Store, Target
from operations.object_lock import READ_PERMISSION, require_object_lock


class LegalHold(Parameters):
    """A legal hold."""

    status: Literal["ON", "OFF"] = Field(
        title="Legal hold",
        description="ON: nobody can delete or overwrite the version until the hold is OFF again.",
    )


class PutObjectLegalHold(Operation):
    """Switch the legal hold of each object on or off. The bucket needs Object Lock."""

    name: ClassVar[str] = "S3PutObjectLegalHold"
    label: ClassVar[str] = "Object Lock legal hold"
    call: ClassVar[str] = "put_object_legal_hold"
    permissions: ClassVar[tuple[str, ...]] = (READ_PERMISSION, "s3:PutObjectLegalHold")

    legal_hold: LegalHold = Field(title="Legal hold", description="Whether objects are on hold.")

    def check(self, store: Store, bucket: str) -> None:
        """The bucket has Object Lock."""
        require_object_lock(store, bucket)

    def request(self, target: Target) -> dict[str, Any]:
        """The target and its hold."""
        return {**target.address, "LegalHold": {"Status": self.legal_hold.status}}
