"""The rules that every row of a manifest must keep (spec.md 4.1, 4.2), and words for the faults."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar
from urllib.parse import unquote_to_bytes

from jobs.manifests.faults import InvalidManifest, excerpt
from jobs.manifests.rows import encode_row

KNOWN_FIELDS = ("Ignore", "Bucket", "Key", "VersionId")
MOST_KEY_BYTES = 1024
MOST_VERSION_CHARACTERS = 1024
LONGEST_ROW = 65_536
"""Bytes. No row that is right comes near it; it bounds the memory that a wrong one takes."""

BUCKET_NAME = re.compile(r"[A-Za-z0-9._-]{3,255}")
BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2}).{0,2}", re.DOTALL)
CELL = re.compile(r'"((?:[^"]++|"")*+)"(?=,|\Z)|([^",\r\n]*+)(?=,|\Z)')


def check_fields(fields: Sequence[str]) -> None:
    """Raise InvalidManifest unless the names of the columns make sense."""
    for field in fields:
        if field not in KNOWN_FIELDS:
            raise InvalidManifest(
                f"The schema names {excerpt(str(field))}; "
                f"a column is one of {', '.join(KNOWN_FIELDS)}."
            )
    missing = [field for field in ("Bucket", "Key") if field not in fields]
    if missing:
        raise InvalidManifest(f"Required fields are missing in the schema: {', '.join(missing)}")
    for field in ("Bucket", "Key", "VersionId"):
        if fields.count(field) > 1:
            times = fields.count(field)
            raise InvalidManifest(f"The schema names {field} {times} times; once is right.")


class Lint:
    """Checks rows one by one against the columns, and remembers the one bucket of the manifest."""

    unit: ClassVar[str] = "Line"
    """What is counted: "Line 3, column 2 (Key)" or "Row 3 (Key)"."""
    has_columns: ClassVar[bool] = True
    """True where a cell is found by the number of its column."""

    def __init__(self, fields: Sequence[str], bucket: str = "", *, file: str = "") -> None:
        check_fields(fields)
        self.bucket = bucket
        self.file = file
        """The data file that the lines are counted in; "" where that is the manifest itself."""
        self.fields = tuple(fields)
        names = [name for name in ("Bucket", "Key", "VersionId") if name in self.fields]
        self.wanted = [self.fields.index(name) for name in names]
        """Where the cells of a canonical row stand."""
        self.keeps_rows = self.wanted == list(range(len(self.fields)))
        """True where a row without quotes is canonical as it stands."""

    def check_record(self, line: int, record: bytes) -> bytes:
        """The canonical row of one CSV record without its line end. Raises InvalidManifest."""
        return self.check_cells(line, self.cells_of(line, record))

    def cells_of(self, line: int, record: bytes) -> list[str]:
        """The cells of one CSV record. Raises InvalidManifest."""
        text = self.text_of(line, record)
        is_simple = '"' not in text and "\r" not in text
        return text.split(",") if is_simple else self._split(line, text)

    def text_of(self, line: int, record: bytes) -> str:
        """The text of one record, which is neither too long nor anything but UTF-8."""
        if len(record) > LONGEST_ROW:
            hint = " Is a quote never closed?" if b'"' in record else ""
            what = f"{self.place(line)} is longer than {LONGEST_ROW:,} bytes.{hint}"
            raise self.invalid(what, line, kind="long")
        return self._text(line, record)

    def check_cells(self, line: int, cells: Sequence[str]) -> bytes:
        """The canonical row of the cells of one row. Raises InvalidManifest."""
        if not self.bucket:
            self._refuse_header(line, cells)
        if len(cells) != len(self.fields):
            count = f"{len(cells)} column{'' if len(cells) == 1 else 's'}"
            expected = f"{len(self.fields)} are expected ({', '.join(self.fields)})"
            text = f"{self.place(line)} has {count}; {expected}."
            is_blank = len(cells) == 1 and not cells[0].strip()
            raise self.invalid(text, line, kind="blank" if is_blank else "columns")
        bucket, key, *version = [cells[index] for index in self.wanted]
        if bucket != self.bucket:
            self._check_bucket(line, bucket)
        self._check_key(line, key)
        if version:
            self.check_version(line, version[0])
        return encode_row(self.bucket, key, version[0] if version else None)

    def place(self, line: int) -> str:
        """Where a row is, for people."""
        return f"{self.unit} {line:d}" + (f" of {ending(self.file)}" if self.file else "")

    def invalid(
        self, text: str, line: int, *, column: int | None = None, kind: str = ""
    ) -> InvalidManifest:
        """A fault of a row."""
        return InvalidManifest(text, line=line, column=column, file=self.file, kind=kind)

    def check_version(self, line: int, cell: str) -> None:
        """A version id stands in a header of the request as it is."""
        fault = ""
        if len(cell) > MOST_VERSION_CHARACTERS:
            fault = f"{len(cell):,} characters; at most 1,024 are allowed."
        elif not (cell.isascii() and cell.isprintable()):
            fault = f"{excerpt(cell)} has other than printable ASCII characters."
        if fault:
            raise self.fault(line, self.wanted[2], f"Invalid version ID format: {fault}", "version")

    def _check_bucket(self, line: int, cell: str) -> None:
        column = self.wanted[0]
        self.check_bucket_name(line, self._decoded(line, column, cell, "bucket names").decode())

    def check_bucket_name(self, line: int, name: str) -> None:
        """Raise InvalidManifest unless it is the bucket of the manifest, or may become it."""
        column = self.wanted[0]
        if not name:
            raise self.fault(line, column, "the bucket is missing.", "bucket")
        if not BUCKET_NAME.fullmatch(name):
            text = f"{excerpt(name)} is not the name of a bucket."
            raise self.fault(line, column, text, "bucket")
        if self.bucket and name != self.bucket:
            before = excerpt(self.bucket)
            text = f"{excerpt(name)} is another bucket than {before} before; all must be the same."
            fault = self.fault(line, column, text, "bucket")
            fault.bucket = name
            raise fault
        self.bucket = name

    def _check_key(self, line: int, cell: str) -> None:
        column = self.wanted[1]
        if not cell:
            raise self.fault(line, column, "the key is missing.", "key")
        size = len(self._decoded(line, column, cell, "keys"))
        if size > MOST_KEY_BYTES:
            decoded = f"{size:,} bytes when decoded"
            text = f"Invalid object key format: {decoded}; at most 1,024 are allowed."
            raise self.fault(line, column, text, "key")

    def _decoded(self, line: int, column: int, cell: str, what: str) -> bytes:
        """The UTF-8 of a URL-encoded cell; a plus sign, which means a space, is left as it is."""
        if "%" not in cell:
            return cell.encode()
        if bad := BAD_ESCAPE.search(cell):
            text = f"{excerpt(bad[0])} is not a valid percent-escape; {what} must be URL-encoded."
            raise self.fault(line, column, text, "escape")
        raw = unquote_to_bytes(cell)
        try:
            raw.decode()
        except UnicodeDecodeError:
            prefix = "Invalid object key format: " if what == "keys" else ""
            text = f"{prefix}{excerpt(cell)} does not decode to UTF-8."
            raise self.fault(line, column, text, "escape") from None
        return raw

    def _refuse_header(self, line: int, cells: Sequence[str]) -> None:
        words = {cell.strip().lower() for cell in cells}
        if {"bucket", "key"} <= words:
            row = excerpt(",".join(cells))
            text = f"{self.place(line)} is a header row: {row}; a manifest has none."
            raise self.invalid(text, line, kind="header")

    def _text(self, line: int, record: bytes) -> str:
        try:
            text = record.decode()
        except UnicodeDecodeError as error:
            column = self._column_at(record.count(b",", 0, error.start))
            byte = f"0x{record[error.start]:02x}"
            text = f"byte {byte} is not valid UTF-8; the manifest must be UTF-8 text."
            raise self.fault(line, column, text, "encoding") from None
        if "\0" in text:
            column = self._column_at(text.count(",", 0, text.index("\0")))
            advice = "the manifest must be UTF-8 text. Is it UTF-16?"
            raise self.fault(line, column, f"a NUL byte; {advice}", "encoding")
        return text

    def _column_at(self, commas: int) -> int:
        """The column after so many commas; none of them where a row has no columns."""
        return commas if self.has_columns else len(self.fields)

    def _split(self, line: int, text: str) -> list[str]:
        """The cells of a record with quotes, strictly by RFC 4180."""
        cells: list[str] = []
        at = 0
        while match := CELL.match(text, at):
            quoted, plain = match.groups()
            cells.append(plain if quoted is None else quoted.replace('""', '"'))
            at = match.end() + 1
            if at > len(text):
                return cells
        raise self.fault(line, len(cells), _bad_cell(text[at:]), "quotes")

    def fault(self, line: int, index: int, text: str, kind: str) -> InvalidManifest:
        """A fault of one cell, told with its place."""
        name = f" ({self.fields[index]})" if index < len(self.fields) else ""
        column = index + 1 if self.has_columns or name else None
        cell = f", column {column}{name}" if self.has_columns else name
        return self.invalid(f"{self.place(line)}{cell}: {text}", line, column=column, kind=kind)


def ending(name: str) -> str:
    """The end of a long name, which tells data files apart, in quotes."""
    return excerpt(name if len(name) <= 50 else "…" + name[-49:])


def _bad_cell(rest: str) -> str:
    """Why no cell can be read at the beginning of `rest`."""
    if rest.startswith('"'):
        closed = re.match(r'"(?:[^"]|"")*+"', rest)
        # A quote that was forgotten pairs with the next one, lines later.
        if closed is None or "\n" in closed[0]:
            return "the quote is never closed."
        return "there is text after the closing quote; write a quote inside a key as %22."
    stray = re.search(r'["\r\n]', rest)
    if stray and stray[0] == '"':
        return "a quote in the middle of a cell; write a quote inside a key as %22."
    return "a carriage return in the middle of a line; write one inside a key as %0D."
