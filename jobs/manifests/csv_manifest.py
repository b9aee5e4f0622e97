"""The CSV form of a manifest (spec.md 4.2), read as a stream from any checkpoint on.

Blocks of a few MiB are split into lines. Lines that plain.py vouches for are handed on as they are;
where it does not, and for the very first row, lint.py takes the rows one by one and names the place
of a fault.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, ClassVar

from jobs.manifests.faults import EmptyManifest, InvalidManifest
from jobs.manifests.lint import LONGEST_ROW, Lint
from jobs.manifests.plain import is_plain, plain_pattern

if TYPE_CHECKING:
    from jobs.manifests.sources import Source

PEEK_BYTES = 65_536
JUDGED_AT_ONCE = 250
"""Lines. One unusual line sends so many down the careful path."""

FOREIGN = (
    (b"\x1f\x8b", "a gzip file", "decompress it"),
    (b"PK\x03\x04", "a zip file or an Excel workbook", "unpack it, or save it as CSV,"),
    (b"\x28\xb5\x2f\xfd", "a zstd file", "decompress it"),
    (b"\xff\xfe", "UTF-16 text", "save it as UTF-8"),
    (b"\xfe\xff", "UTF-16 text", "save it as UTF-8"),
)
FOREIGN_WITH_NUL = (
    (b"PAR1", "a Parquet file", "convert it to CSV"),
    (b"ORC", "an ORC file", "convert it to CSV"),
    (b"BZh", "a bzip2 file", "decompress it"),
)
"""Beginnings that could be text as well; in the file that they tell of a NUL byte is never far."""


class CsvReader:
    """Reads canonical rows, from the beginning or from another's `offset`, `line`, `bucket`.

    Those three are a checkpoint, valid after each `take`. A reader that has raised is spent,
    whether the manifest or the source was at fault: start another from the last checkpoint.
    """

    block_bytes: ClassVar[int] = 2 * 1024 * 1024

    def __init__(
        self,
        source: Source,
        fields: Sequence[str],
        *,
        offset: int = 0,
        line: int = 0,
        bucket: str = "",
    ) -> None:
        self.offset = offset
        """Just after the last row that was returned, in bytes."""
        self.line = line
        """How many physical lines there are up to the offset."""
        self._lint = Lint(fields, bucket)
        self._source = source
        self._fetched = offset
        self._tail = b""  # the beginning of a line whose end has not been fetched
        self._lines: list[bytes] = []
        self._next = 0
        self._judged = 0  # the lines before this one are plain, or are not, all together
        self._is_plain = False
        self._has_quotes = False  # around every cell of those plain lines
        self._passed_bytes = offset  # like offset and line, but with blank lines counted at once
        self._passed_lines = line

    @property
    def bucket(self) -> str:
        """The one bucket of the manifest; "" before the first row."""
        return self._lint.bucket

    def take(self, most: int) -> list[bytes]:
        """The next rows, up to `most` of them; [] at the end of the manifest.

        Raises InvalidManifest, and EmptyManifest where the manifest ends before any row, also one
        that was read before the checkpoint. What the source raises passes through.
        """
        rows: list[bytes] = []
        while len(rows) < most and self._has_line():
            if self._looks_plain():
                rows += self._take_plain(most - len(rows))
            elif row := self._take_checked():
                rows.append(row)
            else:
                continue
            self.offset, self.line = self._passed_bytes, self._passed_lines
        if not rows and most > 0 and not self.bucket:
            raise EmptyManifest
        return rows

    def _has_line(self) -> bool:
        return self._next < len(self._lines) or self._fetch()

    def _fetch(self) -> bool:
        """Put the next block's lines in place of those passed; False at the end of the source."""
        size = self._source.size
        if self._fetched >= size:
            return False
        lines = [self._tail]
        # A line without end must not fill the memory: once it is too long its beginning is enough
        # for a verdict.
        while len(lines) == 1 and self._fetched < size and len(lines[0]) <= LONGEST_ROW:
            block = self._source.read(self._fetched, min(self.block_bytes, size - self._fetched))
            if self._fetched == 0:
                refuse_foreign(block)
            self._fetched += len(block)
            lines = (lines[0] + block).split(b"\n")
        is_cut = len(lines) > 1 and (self._fetched < size or not lines[-1])
        self._tail = lines.pop() if is_cut else b""
        self._lines, self._next, self._judged, self._is_plain = lines, 0, 0, False
        return True

    def _pass(self, most: int) -> list[bytes]:
        lines = self._lines[self._next : self._next + most]
        self._next += len(lines)
        passed = self._passed_bytes + sum(map(len, lines)) + len(lines)
        self._passed_bytes = min(passed, self._source.size)  # the last line may have no line feed
        self._passed_lines += len(lines)
        return lines

    def _looks_plain(self) -> bool:
        if self._next >= self._judged and self.bucket:
            lines = self._lines[self._next : self._next + JUDGED_AT_ONCE]
            self._judged = self._next + len(lines)
            self._has_quotes = lines[0].startswith(b'"')
            quote = b'"' if self._has_quotes else b""
            self._is_plain = is_plain(lines, plain_pattern(self._lint.fields, self.bucket, quote))
        return self._is_plain

    def _take_plain(self, most: int) -> list[bytes]:
        lines = self._pass(min(most, self._judged - self._next))
        if self._has_quotes:
            lines = [line.replace(b'"', b"") for line in lines]
        lines = [line.removesuffix(b"\r") for line in lines]
        if self._lint.keeps_rows:
            return lines
        pick = itemgetter(*self._lint.wanted)
        return [b",".join(pick(line.split(b","))) for line in lines]

    def _take_checked(self) -> bytes | None:
        """One row by the careful path; None for a blank line."""
        number = self._passed_lines + 1
        parts = self._pass(1)
        if parts[0] in (b"", b"\r"):
            return None
        length, quotes = len(parts[0]), parts[0].count(b'"')
        # After an odd number of quotes the line break is inside quotes, and the row goes on.
        while quotes % 2 and length <= LONGEST_ROW and self._has_line():
            parts += self._pass(1)
            length += len(parts[-1]) + 1
            quotes += parts[-1].count(b'"')
        return self._lint.check_record(number, b"\n".join(parts).removesuffix(b"\r"))


def refuse_foreign(head: bytes) -> None:
    """Raise InvalidManifest where a manifest begins like something that is not a CSV in UTF-8."""
    if head.startswith(b"\xef\xbb\xbf"):
        text = "Line 1 begins with a byte order mark (BOM); save the manifest as UTF-8 without BOM."
        raise InvalidManifest(text, line=1, column=1)
    for magic, name, remedy in FOREIGN + (FOREIGN_WITH_NUL if b"\0" in head[:PEEK_BYTES] else ()):
        if head.startswith(magic):
            raise InvalidManifest(
                f"Manifest file is not properly formatted: not a CSV; this looks like {name}. "
                f"Please {remedy} and use the plain CSV as the manifest."
            )


class _Head:
    """The first bytes of a source as a source."""

    def __init__(self, data: bytes) -> None:
        self.size = len(data)
        self._data = data

    def read(self, offset: int, length: int) -> bytes:
        return self._data[offset : offset + length]


def peek(source: Source, fields: Sequence[str]) -> None:
    """Check the rows that lie wholly in the first 64 KiB; raise InvalidManifest.

    It reads no more than that unless the first row alone is longer.
    """
    head = source.read(0, min(PEEK_BYTES, source.size))
    is_whole = len(head) == source.size
    if not is_whole:
        head = head[: _end_of_rows(head)]
    try:
        if head:
            CsvReader(_Head(head), fields).take(PEEK_BYTES)
        else:
            CsvReader(source, fields).take(1)
    except EmptyManifest:
        # Blank lines alone, so far: rows may follow.
        if is_whole:
            raise


def _end_of_rows(head: bytes) -> int:
    """Where the last row ends that is whole; 0 where not even the first is."""
    end = head.rfind(b"\n") + 1
    quotes = head.count(b'"', 0, end)
    while quotes % 2:
        # The last line break is inside quotes: step back to the one before the row.
        earlier = head.rfind(b"\n", 0, end - 1) + 1
        quotes -= head.count(b'"', earlier, end)
        end = earlier
    return end
