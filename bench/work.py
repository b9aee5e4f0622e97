"""What every contestant does: one small request to each of the same objects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["tagging", "copy"]

COPIES = "copies"
"""The bucket that is copied to."""
TAG = ("project", "lading")


@dataclass(frozen=True, slots=True)
class Work:
    """Tag or copy the first `count` objects of a bucket that lists as many."""

    kind: Kind
    count: int

    @property
    def bucket(self) -> str:
        """The source; the null server lists as many keys as its name ends with."""
        return f"objects-{self.count}"

    @property
    def operation(self) -> str:
        """AWS's name."""
        return {"tagging": "S3PutObjectTagging", "copy": "S3PutObjectCopy"}[self.kind]

    def names(self) -> Iterator[str]:
        """The keys, as the null server lists them."""
        return (f"object-{number:08d}" for number in range(self.count))

    def manifest(self) -> bytes:
        """The list as AWS's CSV."""
        return "".join(f"{self.bucket},{key}\n" for key in self.names()).encode()

    def parameters(self) -> dict[str, Any]:
        """The operation's, in snake_case."""
        if self.kind == "copy":
            return {"target_resource": f"arn:aws:s3:::{COPIES}"}
        return {"tag_set": [{"key": TAG[0], "value": TAG[1]}]}
