"""Delete all object tags (spec.md 5.3)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

from operations.base import SUCCESSFUL, Operation, Outcome, Target


class DeleteObjectTagging(Operation):
    """Remove all tags of each object."""

    name: ClassVar[str] = "S3DeleteObjectTagging"
    label: ClassVar[str] = "Delete all object tags"
    call: ClassVar[str] = "delete_object_tagging"
    permissions: ClassVar[tuple[str, ...]] = (
        "s3:DeleteObjectTagging",
        "s3:DeleteObjectVersionTagging",
    )
    plain_success: ClassVar[Outcome] = replace(SUCCESSFUL, http_status=204)
    """S3 answers 204. A store that answers 200 has succeeded as well, and is reported with 200."""

    def request(self, target: Target) -> dict[str, Any]:
        """The target is all there is to say."""
        return target.address
