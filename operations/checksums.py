"""The checksums of S3, each by a library that is known for it; none is computed here.

CRC32C and CRC64NVME come from anycrc rather than from AWS's awscrt, whose presence alone makes
botocore sign every request in another way.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable
from typing import Protocol

import anycrc
import xxhash


class Checksum(Protocol):
    """A checksum under way."""

    def update(self, block: bytes, /) -> object:
        """Take in more of the content."""

    def digest(self) -> bytes:
        """The value so far, the most significant byte first."""


class Crc:
    """A CRC in the manner of hashlib."""

    def __init__(self, step: Callable[[bytes, int], int], size: int, start: int) -> None:
        self._step, self._size, self._value = step, size, start

    def update(self, block: bytes) -> None:
        """Take in more of the content."""
        self._value = self._step(block, self._value)

    def digest(self) -> bytes:
        """The value so far."""
        return self._value.to_bytes(self._size, "big")


def _crc32() -> Checksum:
    return Crc(zlib.crc32, 4, 0)


def _anycrc(model: str, size: int) -> Callable[[], Checksum]:
    crc = anycrc.Model(model)  # only its `calc` is used, which keeps nothing
    return lambda: Crc(crc.calc, size, crc.calc(b""))


CHECKSUMS: dict[str, Callable[[], Checksum]] = {
    "CRC32": _crc32,
    "CRC32C": _anycrc("CRC32C", 4),
    "CRC64NVME": _anycrc("CRC64-NVME", 8),
    "MD5": lambda: hashlib.md5(usedforsecurity=False),
    "SHA1": lambda: hashlib.sha1(usedforsecurity=False),
    "SHA256": hashlib.sha256,
    "SHA512": hashlib.sha512,
    "XXHASH64": xxhash.xxh64,
    "XXHASH3": xxhash.xxh3_64,
    "XXHASH128": xxhash.xxh3_128,
}
"""By AWS's names; a call begins one."""
