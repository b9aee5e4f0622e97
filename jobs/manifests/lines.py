"""Manifests with a target a line, read as a stream from any checkpoint on.

Blocks of a few MiB are cut into whole lines. Stretches of lines that a form vouches for as a whole
are handed on as they are; where it does not, and for the very first row, the rows are taken one by
one and a fault names its place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from jobs.manifests.faults import EmptyManifest, InvalidManifest
from jobs.manifests.lint import LONGEST_ROW, Lint
from jobs.manifests.streams import Stream

JUDGED_AT_ONCE = 250
"""Lines. One unusual line sends so many down the careful path."""

OnFault = Callable[[InvalidManifest, bytes], None]
"""Called with a fault and its record; of one that has several lines, the first."""


class LineReader:
    """Reads canonical rows, from the beginning or from another's `offset`, `line` and bucket.

    Those three are a checkpoint, valid after each `take`. A reader that has raised is spent,
    whether the manifest or the source was at fault: start another from the last checkpoint. One
    with `on_fault` raises no fault of a row, but tells it, and its next `take` goes on after it:
    so each `take` ends with at most one fault or blank line, which stands after its rows.
    """

    joins_quoted_lines: ClassVar[bool] = False
    """True where a line break inside quotes does not end the record."""

    def __init__(
        self,
        stream: Stream,
        lint: Lint,
        *,
        offset: int = 0,
        line: int = 0,
        on_fault: OnFault | None = None,
        may_be_empty: bool = False,
    ) -> None:
        self.line = line
        """How many physical lines there are up to the offset."""
        self.ended = False
        """True once every row has been returned."""
        self.lint = lint
        self.on_fault = on_fault
        self.blank_lines = 0
        """How many have been passed; a line of spaces is none."""
        self._may_be_empty = may_be_empty
        self._stream = stream
        self._data = b""  # whole lines; only the last of the manifest may have no line feed
        self._start = offset  # of the data
        self._at = 0  # what of the data has been passed
        self._careful_until = 0  # the lines before it are taken one by one
        self._is_whole = False  # the line that was taken last had a line feed
        self._tail = b""  # the beginning of a line whose end has not been fetched
        self._has_begun = bool(offset or line)
        self._last: InvalidManifest | None = None  # what ended it, in a reader that tells
        self._is_told = False  # the last record was no row, in a reader that tells
        self._skips = False  # the rest of that record is still to come

    # ---- for a form to say

    def plain_rows(self, stretch: bytes, lines: list[bytes]) -> list[bytes] | None:
        """The rows of a stretch of whole lines, if all are beyond doubt; else None."""
        return None

    def check(self, line: int, record: bytes) -> bytes:
        """The row of one record without its line end. Raises InvalidManifest."""
        raise NotImplementedError

    def begin(self, block: bytes) -> bytes:
        """Look at the first bytes of the manifest. Raises InvalidManifest."""
        return block

    def skip(self, piece: bytes) -> None:
        """The rest of a line that is too long to be told whole."""

    # ---- what all readers have

    @property
    def bucket(self) -> str:
        """The one bucket of the manifest; "" before the first row."""
        return self.lint.bucket

    @property
    def offset(self) -> int:
        """Just after the last row that was returned, in (unpacked) bytes."""
        return self._start + self._at

    @property
    def bytes_read(self) -> int:
        """How much of the stored manifest has been read; of a packed one, about."""
        return min(self.offset, self._stream.consumed)

    def checkpoint(self) -> dict[str, Any]:
        """Where another reader goes on."""
        return {"offset": self.offset, "line": self.line}

    def close(self) -> None:
        """Nothing is held open that does not go with the source."""

    def take(self, most: int) -> list[bytes]:
        """The next rows, up to `most` of them; fewer at the end of the manifest, or before what is
        told.

        Raises InvalidManifest, and EmptyManifest where the manifest ends before any row, also one
        that was read before the checkpoint. What the source raises passes through.
        """
        rows: list[bytes] = []
        self._is_told = False
        try:
            self._gather(rows, most)
        except InvalidManifest as fault:
            # What is told of is told after all rows that stand before it, also where it is the end.
            if self.on_fault is None or not rows:
                raise
            self._last = fault
            return rows
        self.ended = len(rows) < most and not self._is_told
        if self.ended and not rows and not self.bucket and not self._may_be_empty:
            raise EmptyManifest
        return rows

    def _gather(self, rows: list[bytes], most: int) -> None:
        if self._last:
            raise self._last
        while len(rows) < most and not self._is_told and self._has_more():
            if self._skips:
                self._skip_on()
            elif plain := self._take_plain(most - len(rows)):
                rows += plain
            elif row := self._take_checked():
                rows.append(row)

    # ---- blocks and lines

    def _has_more(self) -> bool:
        return self._at < len(self._data) or self._fetch()

    def _fetch(self) -> bool:
        """Put the next whole lines in place of those passed; False at the end of the manifest."""
        self._start += len(self._data)
        self._at = self._careful_until = 0
        pieces, size, self._tail = [self._tail], len(self._tail), b""
        # A line without end must not fill the memory: once it is too long its beginning is enough
        # for a verdict.
        while size <= LONGEST_ROW and (block := self._read()):
            cut = block.rfind(b"\n") + 1
            pieces.append(block[:cut] if cut else block)
            if cut:
                self._tail = block[cut:]
                break
            size += len(block)
        self._data = b"".join(pieces)
        return bool(self._data)

    def _read(self) -> bytes:
        block = self._stream.read()
        if self._has_begun:
            return block
        self._has_begun = True
        begun = self.begin(block)
        # What is left out at the beginning, such as a mark of the encoding, has been passed.
        self._start += len(block) - len(begun)
        return begun or self._stream.read()

    def _pass(self, size: int, lines: int) -> None:
        self._at += size
        self.line += lines

    def _take_plain(self, most: int) -> list[bytes]:
        """Rows that need no closer look; [] where the next record does."""
        if not self.bucket or self._at < self._careful_until:
            return []
        ahead = self._data[self._at :]
        for count in sorted({most, min(most, JUDGED_AT_ONCE)}, reverse=True):
            lines = ahead.split(b"\n", count)
            stretch = ahead[: len(ahead) - len(lines.pop())]
            rows = self.plain_rows(stretch, lines) if lines else None
            if rows is not None:
                self._pass(len(stretch), len(lines))
                return rows
        self._careful_until = self._at + max(len(stretch), 1)
        return []

    def _next_line(self) -> bytes:
        end = self._data.find(b"\n", self._at)
        line = self._data[self._at :] if end < 0 else self._data[self._at : end]
        self._is_whole = end >= 0
        self._pass(len(line) + self._is_whole, 1)
        return line

    def _take_checked(self) -> bytes | None:
        """One row by the careful path; None for a blank line, or a fault that was told."""
        number, parts = self.line + 1, [self._next_line()]
        if parts[0] in (b"", b"\r"):
            self.blank_lines += 1
            self._is_told = self.on_fault is not None
            return None
        length, quotes = len(parts[0]), parts[0].count(b'"')
        # After an odd number of quotes the line break is inside quotes, and the row goes on.
        while self.joins_quoted_lines and quotes % 2 and length <= LONGEST_ROW and self._has_more():
            parts.append(self._next_line())
            length += len(parts[-1]) + 1
            quotes += parts[-1].count(b'"')
        try:
            return self.check(number, b"\n".join(parts).removesuffix(b"\r"))
        except InvalidManifest as fault:
            if self.on_fault is None:
                raise
            self._is_told = True
            self.on_fault(fault, parts[0])
            self._go_on_after(parts)
            return None

    def _go_on_after(self, parts: list[bytes]) -> None:
        """Take the next physical line next: a quote that was never closed has taken in many."""
        if len(parts) > 1:
            self._go_back(b"\n".join(parts[1:]))
            self.line -= len(parts) - 1
        else:
            self._skips = len(parts[0]) > LONGEST_ROW and not self._data.endswith(b"\n")

    def _skip_on(self) -> None:
        """Pass what is at hand of a line that was told: one packed into a MiB may have a GiB."""
        end = self._data.find(b"\n", self._at) + 1
        piece = self._data[self._at : end or len(self._data)]
        self._at += len(piece)
        self._skips, self._is_told = not end, True
        self.skip(piece)

    def _go_back(self, lines: bytes) -> None:
        """Have the lines that were taken last, without the last line feed, before us again."""
        back, passed = lines + b"\n" * self._is_whole, self._at
        if 0 < len(back) <= passed:
            # Nearly always. Copies of what is before us would make a file of such lines slow.
            self._at -= len(back)
            self._careful_until = max(self._careful_until, passed)
        else:
            self._start, self._data = self.offset - len(back), back + self._data[passed:]
            self._at, self._careful_until = 0, len(back)
