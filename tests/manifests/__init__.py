"""From the bytes of a manifest to canonical rows and targets."""

from __future__ import annotations


class Bytes:
    """A source in memory that remembers what was asked of it."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.size = len(content)
        self.reads: list[tuple[int, int]] = []

    def read(self, offset: int, length: int) -> bytes:
        self.reads.append((offset, length))
        return self.content[offset : offset + length]
