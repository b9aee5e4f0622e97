"""The bytes of a manifest one block after the other, unpacked where they are packed.

Blocks      the stored bytes, from an offset on
Unpacked    what a gzip file holds
Dropped     all but the first bytes
Ahead       fetches (and unpacks) the next block while the reader works on this one
Summed      takes the MD5 of all that passes
"""

from __future__ import annotations

import hashlib
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Protocol

from isal import igzip_lib, isal_zlib

from jobs.manifests.faults import InvalidManifest

if TYPE_CHECKING:
    from jobs.manifests.sources import Source

BLOCK_BYTES = 2 * 1024 * 1024
GZIP = b"\x1f\x8b"
GZIP_WITH_HEADER = 31
"""zlib's window bits for a gzip file with its header and its checksum."""


class Stream(Protocol):
    """Blocks of bytes, in order."""

    @property
    def consumed(self) -> int:
        """How many of the stored bytes have been fetched."""

    def read(self) -> bytes:
        """The next block; b"" at the end."""


class Blocks:
    """The stored bytes of a source from an offset on."""

    def __init__(self, source: Source, offset: int = 0, block_bytes: int = BLOCK_BYTES) -> None:
        self.consumed = offset
        self._source = source
        self._block_bytes = block_bytes

    def read(self) -> bytes:
        """The next block; b"" at the end. What the source raises passes through."""
        length = min(self._block_bytes, self._source.size - self.consumed)
        if length <= 0:
            return b""
        block = self._source.read(self.consumed, length)
        self.consumed += length
        return block


class Unpacked:
    """What a gzip file holds. Several such files one after the other are one, as gzip sees them."""

    def __init__(self, packed: Stream) -> None:
        self._packed = packed
        self._input = b""
        self._member: isal_zlib.Decompress | None = None

    @property
    def consumed(self) -> int:
        """How many bytes of the packed file have been unpacked."""
        return self._packed.consumed - len(self._input)

    def read(self) -> bytes:
        """The next block. Raises InvalidManifest where the file is damaged or cut off."""
        while True:
            if self._member is None:
                if not self._find_member():
                    return b""
                self._member = isal_zlib.decompressobj(GZIP_WITH_HEADER)
            elif not self._input:
                self._input = self._packed.read()
            if not self._input:
                raise _damaged(f"the gzip file is cut off: it ends after {self.consumed:,} bytes")
            if block := self._feed(self._member):
                return block

    def _find_member(self) -> bool:
        """Pass the zeros that may stand before a further file; False at the end of all."""
        while not (found := self._input.lstrip(b"\0")):
            if not (block := self._packed.read()):
                return False
            self._input = block
        self._input = found
        return True

    def _feed(self, member: isal_zlib.Decompress) -> bytes:
        try:
            block: bytes = member.decompress(self._input, BLOCK_BYTES)
        except igzip_lib.IsalError:  # type: ignore[misc]  # the stub takes it for an instance
            place = f"before byte {self._packed.consumed:,}"
            raise _damaged(f"the gzip file is damaged {place}") from None
        self._input = member.unused_data if member.eof else member.unconsumed_tail
        if member.eof:
            self._member = None
        return block


def _damaged(what: str) -> InvalidManifest:
    return InvalidManifest(
        f"Manifest file is not properly formatted: {what}. Make or upload it again.",
        kind="damaged",
    )


class Dropped:
    """A stream without its first bytes: a gzip file can only be unpacked from its beginning."""

    def __init__(self, stream: Stream, bytes_to_drop: int) -> None:
        self._stream = stream
        self._left = bytes_to_drop

    @property
    def consumed(self) -> int:
        """As of the stream."""
        return self._stream.consumed

    def read(self) -> bytes:
        """The next block after them."""
        while (block := self._stream.read()) and self._left:
            kept = block[self._left :]
            self._left = max(self._left - len(block), 0)
            if kept:
                return kept
        return block


class Ahead:
    """Reads a stream one block ahead, in a thread for each block; one that is dropped just ends."""

    def __init__(self, stream: Stream) -> None:
        self.consumed = stream.consumed
        self._stream = stream
        self._next = self._start()

    def _start(self) -> SimpleQueue[tuple[bytes, int] | BaseException]:
        answer: SimpleQueue[tuple[bytes, int] | BaseException] = SimpleQueue()

        def run() -> None:
            try:
                answer.put((self._stream.read(), self._stream.consumed))
            except BaseException as error:  # raised again by `read`
                answer.put(error)

        Thread(target=run, daemon=True, name="read ahead").start()
        return answer

    def read(self) -> bytes:
        """The next block; raises what reading it raised."""
        told = self._next.get()
        if isinstance(told, BaseException):
            raise told
        block, self.consumed = told
        if block:
            self._next = self._start()
        else:
            self._next.put(told)
        return block


class Summed:
    """A stream whose MD5 is taken while it passes; whole once it has ended."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._md5 = hashlib.md5(usedforsecurity=False)

    @property
    def consumed(self) -> int:
        """As of the stream."""
        return self._stream.consumed

    @property
    def md5(self) -> str:
        """Of all that has passed, in hexadecimal digits."""
        return self._md5.hexdigest()

    def read(self) -> bytes:
        """The next block."""
        block = self._stream.read()
        self._md5.update(block)
        return block


def is_gzip(head: bytes) -> bool:
    """True where a file begins like gzip."""
    return head.startswith(GZIP)


def unpacked(stream: Stream, *, packed: bool, offset: int = 0) -> Stream:
    """A stored file from an offset of what it holds on, fetched and unpacked ahead."""
    whole: Stream = Unpacked(Ahead(stream)) if packed else stream
    return Ahead(Dropped(whole, offset) if offset else whole)


def open_stream(source: Source, offset: int = 0) -> Stream:
    """The bytes of a manifest from an offset on, read ahead; a gzip file is unpacked."""
    if is_gzip(source.read(0, min(2, source.size))):
        return unpacked(Blocks(source), packed=True, offset=offset)
    return Ahead(Blocks(source, offset))
