"""Readers that give lines as they shall be written, mended, in place of canonical rows."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection
from typing import Protocol

from jobs.manifests.csv_manifest import BOM, CsvReader
from jobs.manifests.faults import InvalidManifest
from jobs.manifests.lines import LineReader
from jobs.manifests.lint import Lint
from jobs.manifests.lists import JsonLinesReader, KeyListReader, members_of
from jobs.manifests.raw import SAFE, RawLint, encode_keys
from jobs.manifests.rows import encode_key, join_cells
from jobs.manifests.streams import Stream
from jobs.models import Manifest

DROPPED = frozenset({"header", "bom", "blank"})
"""Faults that are mended by leaving their line out."""
ORDINARY = SAFE + b',"\r\n'


class Sink(Protocol):
    """Where the mended manifest goes."""

    def write(self, data: bytes, /) -> object:
        """Take the next bytes."""


class Mending:
    """What is asked for, what is written, and what has changed."""

    def __init__(self, mends: Collection[str], out: Sink) -> None:
        self.mends = frozenset(mends)
        self.changes: Counter[str] = Counter()
        self._out = out
        self._kept: list[bytes] = []

    def keep(self, fault: InvalidManifest, record: bytes) -> None:
        """A record that is no row: left out where that mends it, else kept for `write`."""
        if fault.kind in self.mends & DROPPED:
            self.changes[fault.kind] += 1
        elif record == BOM:
            self._out.write(BOM)
        else:
            self._kept.append(record.removesuffix(b"\r"))

    def write(self, rows: list[bytes]) -> None:
        """Rows, and after them what was told of while they were read."""
        lines = [*rows, *self._kept]
        self._kept.clear()
        self._out.write(b"".join([line + b"\n" for line in lines]))

    def pass_blank(self) -> None:
        """A blank line."""
        if "blank" in self.mends:
            self.changes["blank"] += 1
        else:
            self._out.write(b"\n")

    def with_null(self, rows: list[bytes]) -> list[bytes]:
        """Canonical rows of three columns, with `null` for an empty version id."""
        if "null" not in self.mends:
            return rows
        mended = []
        for row in rows:
            is_empty = row.endswith(b",")
            mended.append(row + b"null" if is_empty else row)
            self.changes["null"] += is_empty
        return mended


class MendedLines(LineReader):
    """Reads lines as they shall be written, in place of canonical rows."""

    def __init__(self, stream: Stream, lint: Lint, mending: Mending) -> None:
        super().__init__(stream, lint, on_fault=self.told, may_be_empty=True)
        self.mending = mending

    def told(self, fault: InvalidManifest, record: bytes) -> None:
        """A record that is no row."""
        self.mending.keep(fault, record)

    def skip(self, piece: bytes) -> None:
        """What was not told of cannot be kept either. Raises InvalidManifest."""
        if piece.strip(b"\r\n"):
            text = f"Line {self.line:,} is too long to be kept as it is; mend that one by hand."
            raise InvalidManifest(text, line=self.line, kind="long")


def may_be_literal(record: bytes, columns: int) -> bool:
    """Whether the quotes of a record of a CSV can be those of its key: no cell begins with one."""
    return b',"' not in b"," + record and record.count(b",") + 1 == columns


class MendedCsv(MendedLines, CsvReader):
    """Keys are taken literally and encoded, empty version ids are `null`, where it is asked for."""

    def plain_rows(self, stretch: bytes, lines: list[bytes]) -> list[bytes] | None:
        """The lines themselves, mended at once where no cell is in quotes."""
        if super().plain_rows(stretch, lines) is None:
            return None
        rows = stretch.replace(b"\r", b"").split(b"\n")[:-1]
        encodes = self._encodes and stretch.translate(None, ORDINARY)
        if not encodes and self._version is None:
            return rows
        return None if b'"' in stretch else self._mended_rows(rows, encodes=bool(encodes))

    def _mended_rows(self, rows: list[bytes], *, encodes: bool) -> list[bytes] | None:
        key, version = self.lint.wanted[1], self._version
        cells = [row.split(b",") for row in rows]
        if encodes:
            encoded = encode_keys(b"".join([row[key] + b"\n" for row in cells]))
            if encoded is None:
                return None
            for row, text in zip(cells, encoded, strict=True):
                self.mending.changes["encode"] += row[key] != text
                row[key] = text
        if version is not None:
            for row in cells:
                self.mending.changes["null"] += not row[version]
                row[version] = row[version] or b"null"
        return [b",".join(row) for row in cells]

    @property
    def _encodes(self) -> bool:
        return "encode" in self.mending.mends

    @property
    def _version(self) -> int | None:
        """Where the version id stands that may have to be `null`."""
        has_one = "null" in self.mending.mends and len(self.lint.wanted) > 2
        return self.lint.wanted[2] if has_one else None

    def check(self, line: int, record: bytes) -> bytes:
        """The record, mended; one that is faulty all the same stays as it is."""
        return self._mended(line, record, self.lint.cells_of(line, record))

    def told(self, fault: InvalidManifest, record: bytes) -> None:
        """A stray quote is taken literally too, but for one that a cell begins with."""
        is_literal = fault.kind == "quotes" and may_be_literal(record, len(self.lint.fields))
        if self._encodes and is_literal:
            line = record.removesuffix(b"\r")
            try:
                record = self._mended(fault.line or 0, line, line.decode().split(","))
            except InvalidManifest as other:
                fault = other
        super().told(fault, record)

    def _mended(self, line: int, record: bytes, cells: list[str]) -> bytes:
        mended, changes = list(cells), Counter[str]()
        if len(cells) == len(self.lint.fields):
            key, version = self.lint.wanted[1], self._version
            if self._encodes:
                mended[key] = encode_key(cells[key])
                changes["encode"] += mended[key] != cells[key]
            if version is not None and not cells[version]:
                mended[version] = "null"
                changes["null"] += 1
        self.lint.check_cells(line, mended)
        self.mending.changes += changes
        return record if mended == cells else join_cells(mended)


class MendedList(MendedLines):
    """Lists bear a byte order mark; it is dropped only where that is asked for."""

    def begin(self, block: bytes) -> bytes:
        """Without the mark."""
        if block.startswith(BOM):
            self.mending.keep(InvalidManifest("A byte order mark.", kind="bom"), BOM)
        return super().begin(block)


class MendedKeyList(MendedList, KeyListReader):
    """The lines as they are."""

    def plain_rows(self, stretch: bytes, lines: list[bytes]) -> list[bytes] | None:
        """All at once."""
        known = super().plain_rows(stretch, lines) is not None
        return [line.removesuffix(b"\r") for line in lines] if known else None

    def check(self, line: int, record: bytes) -> bytes:
        """The line, if it is a row."""
        super().check(line, record)
        return record


class MendedJsonLines(MendedList, JsonLinesReader):
    """Empty version ids are `null`, where it is asked for."""

    def check(self, line: int, record: bytes) -> bytes:
        """The line, if it is a row."""
        super().check(line, record)
        value = json.loads(record)
        if "null" not in self.mending.mends or members_of(value).get("VersionId", "-"):
            return record
        names = [name for name in value if "VersionId" in members_of({name: ""})]
        self.mending.changes["null"] += 1
        return json.dumps(value | dict.fromkeys(names, "null")).encode()


MENDED: dict[str, tuple[type[MendedLines], type[Lint]]] = {
    Manifest.Format.CSV: (MendedCsv, Lint),
    Manifest.Format.JSON_LINES: (MendedJsonLines, RawLint),
    Manifest.Format.KEY_LIST: (MendedKeyList, RawLint),
}
