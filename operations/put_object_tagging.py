"""Replace all object tags: give each object exactly these tags (spec.md 5.2)."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from operations.base import Operation, Outcome, Store, Target, success_of
from operations.parameters import TagSet


class PutObjectTagging(Operation):
    """Replace all tags of each object by the tags you give; none removes them all."""

    name: ClassVar[str] = "S3PutObjectTagging"
    label: ClassVar[str] = "Replace all object tags"
    permissions: ClassVar[tuple[str, ...]] = (
        "s3:PutObjectTagging",
        "s3:PutObjectVersionTagging",
    )

    tag_set: TagSet = Field(
        title="Tags",
        description="At most 10 tags, each key once. They replace whatever tags an object has.",
    )

    def run(self, store: Store, target: Target) -> Outcome:
        """Set the tags of one object: PutObjectTagging."""
        return success_of(store.s3.put_object_tagging(**self.request(target)))

    def request(self, target: Target) -> dict[str, Any]:
        """The keyword arguments of boto3's `put_object_tagging` for this target."""
        tags = [{"Key": tag.key, "Value": tag.value} for tag in self.tag_set]
        return {**target.address, "Tagging": {"TagSet": tags}}
