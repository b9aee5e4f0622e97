"""The canonical row: one target as one CSV record, `bucket,key` or `bucket,key,version`.

It is exactly the left half of the target's row in the completion report: the key in the manifest's
own encoded text, RFC 4180 quotes only where they are needed. So a slice's task file is its rows one
after the other, a report row is a row with the outcome appended, and a key is decoded only when its
request is sent. Two columns mean "the latest version when the task runs"; a third that is empty is
a fault of that task alone (design decision 2).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from urllib.parse import quote, unquote_to_bytes

from operations.base import Outcome, Target

MISSING_VERSION = Outcome(
    succeeded=False,
    http_status=400,
    error_code="InvalidRequest",
    message="Task failed due to missing VersionId",
)
"""What becomes of a task whose row raises MissingVersion."""

NEEDS_QUOTES = re.compile(r'[",\r\n]')


class MissingVersion(ValueError):
    """The row's VersionId column is empty; the outcome of its task is MISSING_VERSION."""


def join_rows(rows: Iterable[bytes]) -> bytes:
    """The rows as the content of a task file: a line feed after each."""
    return b"".join([row + b"\n" for row in rows])


def split_rows(data: bytes) -> list[bytes]:
    """The rows of a task file. Raises ValueError where the last row is cut off."""
    lines = data.split(b"\n")
    if lines.pop():
        raise ValueError("The last row has no line feed after it.")
    if b'"' not in data:
        return lines
    rows: list[bytes] = []
    open_row: list[bytes] = []
    quotes = 0
    for line in lines:
        open_row.append(line)
        quotes += line.count(b'"')
        # A canonical row has an even number of quotes, so an odd one tells a line break inside
        # quotes.
        if quotes % 2 == 0:
            rows.append(b"\n".join(open_row))
            open_row, quotes = [], 0
    return rows


def columns(row: bytes) -> list[str]:
    """The two or three cells of a row, without quotes, the key still encoded."""
    if b'"' not in row:
        return row.decode().split(",")
    return next(csv.reader([row.decode()], strict=True))


def target_of(row: bytes) -> Target:
    """The target that a row names, its key decoded like a form's; a version "null" stays "null".

    Raises MissingVersion. This runs once per task: the plain case must stay at about a microsecond.
    """
    cells = columns(row) if b'"' in row else row.decode().split(",")
    written = cells[1]
    key = decode_key(written)
    if len(cells) == 2:
        return Target(cells[0], key, None, written)
    if not cells[2]:
        raise MissingVersion(written)
    return Target(cells[0], key, cells[2], written)


def key_of(row: bytes) -> str:
    """The key of a row, still encoded."""
    return columns(row)[1]


def least_and_greatest_key(rows: Sequence[bytes], content: bytes) -> tuple[str, str]:
    """The bounds of the keys of rows of one bucket, as they are written; `content` is the rows
    joined.
    """
    if b'"' in content:
        keys = [key_of(row) for row in rows]
        return min(keys), max(keys)
    if rows[0].count(b",") == 1:
        # What comes before the key is the same in each row.
        return key_of(min(rows)), key_of(max(rows))
    written = [row.split(b",", 2)[1] for row in rows]
    return min(written).decode(), max(written).decode()


def encode_row(bucket: str, key: str, version_id: str | None) -> bytes:
    """The row of an encoded key; version_id is None where the manifest has no VersionId column."""
    cells = (bucket, key) if version_id is None else (bucket, key, version_id)
    return join_cells(cells)


def join_cells(cells: Iterable[str]) -> bytes:
    """A CSV record, without line end."""
    return ",".join([_quoted(cell) for cell in cells]).encode()


def decode_key(written: str) -> str:
    """The raw key: what unquote_plus would give, in a third of the time.

    Raises UnicodeDecodeError.
    """
    if "%" in written or "+" in written:
        return unquote_to_bytes(written.replace("+", " ")).decode()
    return written


def encode_key(raw: str) -> str:
    """The encoded text of a raw key, for manifest forms that have raw ones."""
    return quote(raw, safe="/")


def in_a_cell(text: str) -> bytes:
    """A text as it stands in any row that has it, quoted or not: what saves parsing the others."""
    return text.replace('"', '""').encode()


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if NEEDS_QUOTES.search(cell) else cell
