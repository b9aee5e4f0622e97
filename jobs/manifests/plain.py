"""Proof, at the speed of C, that a stretch of lines has nothing in it that needs a closer look.

Nearly every stretch of a real manifest passes, and then its lines need no work each. A stretch that
does not pass is not wrong; its rows are merely read one by one, by lint.py. The tests hold the two
to the same verdict.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from operator import itemgetter

from jobs.manifests.lint import MOST_KEY_BYTES

ORDINARY = bytes(byte for byte in range(0x20, 0x100) if byte not in b'",\x7f')
"""What may stand in a cell without a closer look: neither a comma, a quote nor a control character.
"""
BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
NOT_PRINTABLE_ASCII = re.compile(rb"%(?![2-7][0-9A-Fa-f])")
HIGH_ESCAPES = re.compile(rb"%[89A-Fa-f][0-9A-Fa-f](?:%[89A-Fa-f][0-9A-Fa-f])*+")


def plain_rows(
    stretch: bytes, lines: list[bytes], fields: Sequence[str], wanted: Sequence[int], bucket: bytes
) -> list[bytes] | None:
    """The canonical rows of a stretch of whole lines, if all of them are known to be right.

    `wanted` says where bucket, key and version id stand among the fields. The first line tells
    whether the cells are in quotes and how lines end; a stretch that mixes that is no plain one.
    """
    quote = b'"' if lines[0].startswith(b'"') else b""
    end = b"\r\n" if lines[0].endswith(b"\r") else b"\n"
    if not _has_shape(stretch, len(lines), len(fields), quote, end):
        return None
    if max(map(len, lines)) > MOST_KEY_BYTES or not _is_text(stretch, ascii_only=len(wanted) > 2):
        return None
    if quote or len(end) > 1:
        lines = stretch.translate(None, b'\r"').split(b"\n")[:-1]
    if list(wanted) != list(range(len(wanted))):
        return _picked(lines, wanted, bucket)
    first = quote + bucket + quote + b"," + quote
    after_key = quote or (b"," if len(fields) > 2 else end)
    if not _are_complete(stretch, len(lines), first, first + after_key):
        return None
    others = len(fields) - len(wanted)
    return [line.rsplit(b",", others)[0] for line in lines] if others else lines


def _has_shape(stretch: bytes, lines: int, columns: int, quote: bytes, end: bytes) -> bool:
    """True where each line has just so many cells, all in quotes or none, and nothing odd in it."""
    between = quote + b"," + quote
    shape = quote + between * (columns - 1) + quote + end
    if stretch.translate(None, ORDINARY) != shape * lines:
        return False
    # What is left of each line is right; it has to be next to each other as well.
    return not quote or (
        stretch.startswith(quote)
        and stretch.endswith(quote + end)
        and stretch.count(between) == (columns - 1) * lines
        and stretch.count(quote + end + quote) == lines - 1
    )


def _is_text(stretch: bytes, *, ascii_only: bool) -> bool:
    """True where all is UTF-8, also what is percent-encoded. Version ids are ASCII."""
    if not stretch.isascii():
        if ascii_only:
            return False
        try:
            stretch.decode()
        except UnicodeDecodeError:
            return False
    return NOT_PRINTABLE_ASCII.search(stretch) is None or _has_good_escapes(stretch)


def _has_good_escapes(stretch: bytes) -> bool:
    if BAD_ESCAPE.search(stretch):
        return False
    # Each run of escaped non-ASCII bytes must be UTF-8 by itself, for what is around it is; joined
    # by a character of one byte, all of them can be decoded at once.
    runs = b"20".join(HIGH_ESCAPES.findall(stretch))
    try:
        bytes.fromhex(runs.replace(b"%", b"").decode()).decode()
    except UnicodeDecodeError:
        return False
    return True


def _are_complete(stretch: bytes, lines: int, first: bytes, keyless: bytes) -> bool:
    """True where each line begins with the bucket and none goes on without a key."""
    return (
        stretch.startswith(first)
        and stretch.count(b"\n" + first) == lines - 1
        and not stretch.startswith(keyless)
        and b"\n" + keyless not in stretch
    )


def _picked(lines: list[bytes], wanted: Sequence[int], bucket: bytes) -> list[bytes] | None:
    """The wanted cells of each line in order, where each has the bucket and some key."""
    most = max(wanted) + 1
    pick = itemgetter(*wanted)
    cells = [pick(line.split(b",", most)) for line in lines]
    if {cell[0] for cell in cells} != {bucket} or not all(cell[1] for cell in cells):
        return None
    return [b",".join(cell) for cell in cells]
