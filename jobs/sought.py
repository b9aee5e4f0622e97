"""Which key is looked for: as the manifest writes it, or as people know it.

A manifest may spell a key in many ways: `a b`, `a+b`, `a%20b`, and each letter as `%61` too. Rows
keep the spelling, so a key that somebody typed is compared with the decoded one. Two cheaper looks
come first, which never miss: at the bounds of a slice's keys, and at the bytes of a row.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import product
from typing import Protocol
from urllib.parse import unquote_to_bytes

from jobs.manifests.rows import decode_key, in_a_cell

LONGEST_LOOK = 64
"""So many characters are compared in the cheaper looks: enough to tell most keys apart."""


class Sought(Protocol):
    """What a key has to be like."""

    def may_be_between(self, least: str, greatest: str) -> bool:
        """False where no such key is among some, of which these are the bounds, as written."""

    def may_be_in(self, row: bytes) -> bool:
        """False where a row cannot have such a key: what saves parsing it."""

    def is_met_by(self, written: str) -> bool:
        """Whether a key is one, as the manifest writes it."""


@dataclass(frozen=True)
class Written:
    """Keys that begin so, as the manifest writes them."""

    prefix: str = ""

    @cached_property
    def _in_a_cell(self) -> bytes:
        return in_a_cell(self.prefix)

    def may_be_between(self, least: str, greatest: str) -> bool:
        """By the order of texts."""
        length = len(self.prefix)
        return least[:length] <= self.prefix <= greatest[:length]

    def may_be_in(self, row: bytes) -> bool:
        """Anywhere in it."""
        return self._in_a_cell in row

    def is_met_by(self, written: str) -> bool:
        """To the letter."""
        return written.startswith(self.prefix)


EVERY_KEY = Written()


@dataclass(frozen=True)
class Typed:
    """The key, or the beginning of keys, that somebody typed or pasted: as it is or URL-encoded,
    in whatever spelling the manifest has it.
    """

    text: str
    whole: bool = False

    @cached_property
    def _keys(self) -> tuple[str, ...]:
        """What may be meant."""
        return tuple(dict.fromkeys([self.text, _decoded(self.text)]))

    @cached_property
    def _spellings(self) -> re.Pattern[bytes]:
        typed = re.escape(in_a_cell(self.text[:LONGEST_LOOK]))
        spelled = (b"".join(map(_spellings, key[:LONGEST_LOOK])) for key in self._keys)
        return re.compile(b',"?(?:%s)' % b"|".join([typed, *spelled]))

    def may_be_between(self, least: str, greatest: str) -> bool:
        """What all keys between them begin with is decoded; the rest may be spelled in any way."""
        if Written(self.text).may_be_between(least, greatest):
            return True
        length, decoded = _whole_characters(_common(least, greatest))
        if decoded.startswith(self._keys):
            return True
        rests = [key[len(decoded) :] for key in self._keys if key.startswith(decoded)]
        return any(_is_between(rest, least[length:], greatest[length:]) for rest in rests)

    def may_be_in(self, row: bytes) -> bool:
        """At the beginning of a cell."""
        return self._spellings.search(row) is not None

    def is_met_by(self, written: str) -> bool:
        """As it is requested from the store; or as it is written, where a `%20` is cut in two."""
        key = _decoded(written)
        if self.whole:
            return key in self._keys
        return key.startswith(self._keys) or written.startswith(self.text)


def _decoded(written: str) -> str:
    """A key decoded; as it is where it encodes no text."""
    try:
        return decode_key(written)
    except UnicodeDecodeError:
        return written


def _spellings(character: str) -> bytes:
    """What matches a character in a cell, in any spelling."""
    ways = [re.escape(in_a_cell(character))] if character != "+" else []
    ways += [rb"\+"] if character == " " else []
    ways += ["".join(f"%{_any_case(byte)}" for byte in character.encode()).encode()]
    return b"(?:%s)" % b"|".join(ways)


def _any_case(byte: int) -> str:
    return "".join(f"[{c}{c.lower()}]" if c.isalpha() else c for c in f"{byte:02X}")


def _common(least: str, greatest: str) -> str:
    """What all texts between two begin with."""
    for place, (one, other) in enumerate(zip(least, greatest, strict=False)):
        if one != other:
            return least[:place]
    return least


def _whole_characters(written: str) -> tuple[int, str]:
    """How much of the beginning of keys encodes whole characters, and which."""
    if "%" not in written and "+" not in written:
        return len(written), written
    cut = re.sub("%[0-9A-Fa-f]?$", "", written)
    raw = unquote_to_bytes(cut.replace("+", " "))
    try:
        return len(cut), raw.decode()
    except UnicodeDecodeError as error:
        if error.reason != "unexpected end of data":
            return 0, ""
        lost = len(raw) - error.start  # each of these bytes is a `%C3`
        return len(cut) - 3 * lost, raw[: error.start].decode()


def _is_between(key: str, least: str, greatest: str) -> bool:
    """Whether a text may lie between two that begins with some spelling of a key."""
    beginnings = _beginnings(key[:LONGEST_LOOK])
    place = bisect_right(beginnings, least)
    before, after = beginnings[:place][-1:], beginnings[place : place + 1]
    return least.startswith(tuple(before)) or any(text <= greatest for text in after)


@lru_cache(maxsize=16)
def _beginnings(key: str) -> list[str]:
    """Texts in order, with one of which each spelling of a key begins: up to the first character
    that is encoded.
    """
    found = []
    for place, character in enumerate(key):
        found += [key[:place] + escape for escape in _escapes(character)]
        if character in "%+":
            return sorted(found)
    return sorted([*found, key])


def _escapes(character: str) -> list[str]:
    if character == "%":
        return ["%"]  # which may also stand for itself
    digits = "".join(f"%{byte:02X}" for byte in character.encode())
    cases = product(*[dict.fromkeys([digit, digit.lower()]) for digit in digits])
    return ["".join(case) for case in cases] + (["+"] if character == " " else [])
