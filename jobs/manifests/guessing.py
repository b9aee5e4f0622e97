"""What the rows of a manifest are like: counted, compared and guessed, batch by batch.

Where nothing in a batch is unusual that is known at once, at the speed of C.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

from jobs.manifests.faults import excerpt
from jobs.manifests.findings import Duplicates, KeyGuess
from jobs.manifests.raw import SAFE
from jobs.manifests.rows import columns, decode_key, join_cells, key_of

COMPARED_ROWS = 1_000_000
"""Of which 8 bytes each are kept, to find those that repeat another."""
ORDINARY = SAFE + b",\n"
ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
UNENCODED = re.compile(r"[^A-Za-z0-9_.~/\-%+!'()*:@&=$,;]")
"""What no encoder leaves, though some leave more than others."""
LITERAL_ESCAPE = re.compile(r"%25[0-9A-Fa-f]{2}")
ENCODED_BY_US = re.compile(r"%(?!25)")


class Keys:
    """How the keys of canonical rows were written in the manifest."""

    def __init__(self, *, takes_raw: bool) -> None:
        self._encoded, self._raw = (
            (LITERAL_ESCAPE, ENCODED_BY_US) if takes_raw else (ESCAPE, UNENCODED)
        )
        self._takes_raw = takes_raw
        self._counts = dict.fromkeys(("encoded", "raw", "mixed", "plain", "plus"), 0)
        self._examples: dict[str, str] = {}

    def add(self, rows: Sequence[bytes], joined: bytes) -> None:
        """Rows, and the same joined by line feeds."""
        if not joined.translate(None, ORDINARY):
            self._counts["plain"] += len(rows)
            return
        for row in rows:
            self._look(key_of(row) if b'"' in row else row.split(b",", 2)[1].decode())

    def _look(self, key: str) -> None:
        encoded = self._encoded.search(key) is not None
        raw = self._raw.search(key) is not None
        if encoded and raw:
            self._count("mixed", key)
        elif encoded or raw:
            self._count("encoded" if encoded else "raw", key)
        else:
            self._counts["plain"] += 1
        if "+" in key:
            self._count("plus", key)

    def _count(self, name: str, key: str) -> None:
        self._counts[name] += 1
        if name not in self._examples:
            self._examples[name] = excerpt(unquote(key) if self._takes_raw else key)

    @property
    def guess(self) -> KeyGuess:
        """What it comes to."""
        return KeyGuess(**self._counts, examples=self._examples)


class Versions:
    """How the version ids of canonical rows of three columns are."""

    def __init__(self) -> None:
        self.empty = self.null = 0

    def add(self, rows: Sequence[bytes], joined: bytes) -> None:
        """Rows, and the same joined by line feeds."""
        if b'"' in joined:
            versions = [columns(row)[2] for row in rows]
            self.empty += versions.count("")
            self.null += versions.count("null")
        else:
            # Without quotes the last comma of a row is that before its third cell.
            joined += b"\n"
            self.empty += joined.count(b",\n")
            self.null += joined.count(b",null\n")


class Repeats:
    """Which of the first rows repeat an earlier one."""

    def __init__(self, most: int = COMPARED_ROWS) -> None:
        self._most = most
        self._hashes = array("q")

    def add(self, rows: Sequence[bytes], joined: bytes) -> None:
        """Rows, as long as there is room, and the same joined by line feeds."""
        rows = rows[: self._most - len(self._hashes)]
        if b"%" in joined or b"+" in joined:
            rows = [_decoded(row) if b"%" in row or b"+" in row else row for row in rows]
        self._hashes.extend(map(hash, rows))

    @property
    def found(self) -> Duplicates:
        """What it comes to. Two rows of a million with the same hash by chance are one in 10^7."""
        import pyarrow

        compared = len(self._hashes)
        if compared < 2:
            return Duplicates(compared=compared)
        kept: Any = pyarrow.Array.from_buffers(
            pyarrow.int64(), compared, [None, pyarrow.py_buffer(self._hashes)]
        )
        numbered = kept.dictionary_encode()
        count = compared - len(numbered.dictionary)
        return Duplicates(count, compared, _first(numbered.indices) if count else None)


def _decoded(row: bytes) -> bytes:
    """The row with its key as it is: a key may be spelled in many ways."""
    bucket, key, *rest = columns(row) if b'"' in row else row.decode().split(",")
    return join_cells([bucket, decode_key(key), *rest])


def _first(numbers: Any) -> tuple[int, int]:
    """The first row that repeats another, and that other: each new row has had the next number, so
    that up to there each number is its row's place.
    """
    import pyarrow
    import pyarrow.compute

    repeats = pyarrow.compute.not_equal(numbers, pyarrow.arange(0, len(numbers)))
    place = pyarrow.compute.index(repeats, True).as_py()
    return place + 1, numbers[place].as_py() + 1
