"""Restore: ask for a readable copy of each archived object (spec.md 5.5).

A task only starts the restore. Whether the objects lie in Glacier or in an archive tier of
Intelligent-Tiering cannot be seen before the store is asked: days given for the one, or missing for
the other, are refused by the store, and fail the task.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from operations.base import SUCCESSFUL, Operation, Outcome, Target
from operations.parameters import WHOLE, given

TIERS = {"STANDARD": "Standard", "BULK": "Bulk"}
"""Batch Operations' name of a tier → S3's."""


class InitiateRestoreObject(Operation):
    """Start to restore each archived object. A task succeeds as soon as its restore has begun."""

    name: ClassVar[str] = "S3InitiateRestoreObject"
    label: ClassVar[str] = "Restore"
    call: ClassVar[str] = "restore_object"
    permissions: ClassVar[tuple[str, ...]] = ("s3:RestoreObject",)
    plain_success: ClassVar[Outcome] = replace(SUCCESSFUL, http_status=202)
    """What S3 answers when a restore begins, as most do; 200 says that a copy was there already,
    and that its expiry is moved."""

    expiration_in_days: Annotated[int, Field(ge=1, le=2_147_483_647), WHOLE] | None = Field(
        default=None,
        title="Days",
        description="How long the restored copy stays: 1 or more for GLACIER and DEEP_ARCHIVE. "
        "Leave it out for the archive tiers of Intelligent-Tiering, which keep no copy.",
    )
    glacier_job_tier: Literal["STANDARD", "BULK"] | None = Field(
        default="STANDARD",
        title="Retrieval tier",
        description="STANDARD takes hours, BULK costs less and takes up to two days.",
    )

    def request(self, target: Target) -> dict[str, Any]:
        """The days, where there are any, and the tier.

        The tier stands within GlacierJobParameters for Intelligent-Tiering too: the `Tier` beside
        it belongs to the selects of old.
        """
        tier = {"Tier": TIERS[self.glacier_job_tier or "STANDARD"]}
        body = {**given(Days=self.expiration_in_days), "GlacierJobParameters": tier}
        return {**target.address, "RestoreRequest": body}
