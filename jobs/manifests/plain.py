"""Proof, at the speed of C, that a block of lines has nothing in it that needs a closer look.

Nearly every block of a real manifest passes, and then its lines need no work each. A block that
does not pass is not wrong; its rows are merely read one by one, by lint.py. The tests hold the two
to the same verdict.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from jobs.manifests.lint import MOST_KEY_BYTES

# A set of what is allowed is three times as fast as a set of what is not.
CHARACTER = rb"[ !#-+\--~\x80-\xff]"  # neither a comma, nor a quote, nor a control character
BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
HIGH_ESCAPES = re.compile(rb"%[89A-Fa-f][0-9A-Fa-f](?:%[89A-Fa-f][0-9A-Fa-f])*+")


@lru_cache(maxsize=64)
def plain_pattern(fields: tuple[str, ...], bucket: str, quote: bytes) -> re.Pattern[bytes]:
    """Lines that have all columns, the bucket as it stands and some key, all in quotes or none.

    Possessive, and with one set of characters a cell: an alternation would be slower than the csv
    module.
    """
    cells = {"Bucket": re.escape(bucket.encode()), "Key": CHARACTER + rb"++"}
    line = b",".join([quote + cells.get(field, CHARACTER + rb"*+") + quote for field in fields])
    return re.compile(rb"(?:" + line + rb"\r?+\n)*+")


def is_plain(lines: Sequence[bytes], pattern: re.Pattern[bytes]) -> bool:
    """True where all the lines are known to be right."""
    if max(map(len, lines)) > MOST_KEY_BYTES:
        return False
    block = b"\n".join(lines) + b"\n"
    if pattern.fullmatch(block) is None or BAD_ESCAPE.search(block):
        return False
    try:
        block.decode()
        # Each run of escaped non-ASCII bytes must be UTF-8 by itself, for what is around it is;
        # joined by a character of one byte, all of them can be decoded at once.
        runs = b"20".join(HIGH_ESCAPES.findall(block))
        bytes.fromhex(runs.replace(b"%", b"").decode()).decode()
    except UnicodeDecodeError:
        return False
    return True
