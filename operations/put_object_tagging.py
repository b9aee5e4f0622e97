"""Replace all object tags: give each object exactly these tags (spec.md 5.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from operations.base import Operation, Target
from operations.parameters import TagSet


class PutObjectTagging(Operation):
    """Replace all tags of each object by the tags you give."""

    name: ClassVar[str] = "S3PutObjectTagging"
    label: ClassVar[str] = "Replace all object tags"
    call: ClassVar[str] = "put_object_tagging"
    permissions: ClassVar[tuple[str, ...]] = (
        "s3:PutObjectTagging",
        "s3:PutObjectVersionTagging",
    )
    when_none: ClassVar[Mapping[str, str]] = {
        "tag_set": "Type at least one tag. To take all tags away, choose Delete all object tags."
    }

    tag_set: TagSet = Field(
        title="Tags",
        description="At most 10 tags, each key once. They replace whatever tags an object has.",
    )

    @property
    def caution(self) -> str:
        """An empty list is no slip for S3."""
        return "" if self.tag_set else "No tags are given: all tags of each object are removed."

    def request(self, target: Target) -> dict[str, Any]:
        """The target and its tags."""
        tags = [{"Key": tag.key, "Value": tag.value} for tag in self.tag_set]
        return {**target.address, "Tagging": {"TagSet": tags}}
