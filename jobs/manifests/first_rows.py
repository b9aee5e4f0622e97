"""The first rows of a manifest for people to look at, and whether another format is meant.

Nothing is judged here: faulty rows are shown as well as they can be.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from jobs.manifests.csv_manifest import BOM
from jobs.manifests.findings import FirstRow
from jobs.manifests.lists import URI, members_of
from jobs.models import Manifest

SHOWN_ROWS = 10
MOST_CELLS = 30
MOST_CHARACTERS = 200


def columns_of(manifest: Manifest) -> tuple[str, ...]:
    """What stands above the cells."""
    if manifest.format == Manifest.Format.KEY_LIST:
        return ("Address" if not manifest.list_bucket else "Key or address",)
    if manifest.format == Manifest.Format.INVENTORY:
        return tuple(name for name in ("Bucket", "Key", "VersionId") if name in manifest.fields)
    return tuple(manifest.fields)


def first_rows(manifest: Manifest, head: bytes, *, is_whole: bool) -> tuple[FirstRow, ...]:
    """The first rows of a form with a target a line, from its first bytes."""
    if b"\0" in head[:1024] or manifest.format == Manifest.Format.INVENTORY:
        return ()
    text = head.removeprefix(BOM).decode(errors="replace")
    # Not splitlines, which knows a dozen more ends of a line than a manifest has.
    lines = [f"{line}\n" for line in text.split("\n")]
    if len(lines) > 1 and (not is_whole or lines[-1] == "\n"):
        lines.pop()
    found: list[FirstRow] = []
    for line, cells in _records(manifest, lines):
        if len(found) == SHOWN_ROWS:
            break
        if cells:
            found.append(shown(cells, line))
    return tuple(found)


def shown(cells: Iterable[str], line: int | None = None) -> FirstRow:
    """Cells of a length that can be shown."""
    return FirstRow(tuple(_short(cell) for cell in list(cells)[:MOST_CELLS]), line)


def _records(manifest: Manifest, lines: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    if manifest.format == Manifest.Format.CSV:
        yield from _csv_records(lines)
        return
    for number, line in enumerate(lines, 1):
        text = line.rstrip("\r\n")
        is_json = text and manifest.format == Manifest.Format.JSON_LINES
        yield number, _members(text, manifest.fields) if is_json else [text] * bool(text)


def _csv_records(lines: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    reader, before = csv.reader(lines), 0
    try:
        for cells in reader:
            yield before + 1, cells
            before = reader.line_num
    except csv.Error:
        return


def _members(text: str, fields: Sequence[str]) -> list[str]:
    value = _json(text)
    if not isinstance(value, dict):
        return [text]
    found = members_of(value)
    texts = (found.get(name, "") for name in fields)
    return [told if isinstance(told, str) else json.dumps(told) for told in texts]


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _short(cell: str) -> str:
    text = cell if len(cell) <= MOST_CHARACTERS else cell[: MOST_CHARACTERS - 1] + "…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def other_format(manifest: Manifest, head: bytes) -> str:
    """The format that is obviously meant, where it is another than was chosen; else ""."""
    if b"\0" in head:
        return ""
    text = head.removeprefix(BOM).decode(errors="replace").lstrip()
    line = text.partition("\n")[0].strip()
    meant = _format_of(text, line, has_bucket=bool(manifest.list_bucket))
    return "" if meant == manifest.format else meant


def _format_of(text: str, line: str, *, has_bucket: bool) -> str:
    if text.startswith("{"):
        is_inventory = '"fileSchema"' in text and _json(line) is None
        if is_inventory or '"fileFormat"' in line:
            return Manifest.Format.INVENTORY
        return Manifest.Format.JSON_LINES
    if line.startswith(URI):
        return Manifest.Format.KEY_LIST
    if has_bucket or not line:
        return ""
    return Manifest.Format.CSV if "," in line else Manifest.Format.KEY_LIST
