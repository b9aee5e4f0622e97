"""Where to cut a range of keys in two, when nothing is known of its keys but those seen so far.

Two guesses, each tried with one small listing that begins there:

- *a leap*: all keys that remain begin like those of the last page. Where that is so, the end of the
  range moves down to just beyond them at once, however long what they have in common is.
- *a midpoint*: at the first place where keys may differ, the middle one of the characters that were
  seen in keys and may still come.

A guess with nothing beyond it narrows the range; one with a key beyond it divides the range. Keys
are folded (lister.py), so Python's order is the store's.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from string import ascii_lowercase, ascii_uppercase, digits
from threading import Lock

LONGEST_KEY = 1024
"""In bytes: S3 takes no longer text as the begin of a listing either."""
MOST_CHARACTERS = 4096
FAMILIES = (digits, ascii_lowercase, ascii_uppercase)
HEXADECIMAL = set("abcdefABCDEF")
DEPTH = 8
"""How many characters tell how far a range is listed."""


class Alphabet:
    """The characters seen in keys, in order; may be used by many threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._seen: set[str] = set()
        self.characters: list[str] = []
        self._hexadecimal = False

    def learn(self, keys: Iterable[str]) -> None:
        """Take up the characters of some keys."""
        new = set().union(*keys) - self._seen
        if new and len(self._seen) < MOST_CHARACTERS:
            with self._lock:
                self._seen |= new
                self.characters = sorted(self._seen)
                letters = self._seen & {*ascii_lowercase, *ascii_uppercase}
                self._hexadecimal = letters <= HEXADECIMAL

    def middle(self, above: str, below: str) -> str:
        """The middle one of the characters that come after `above` ("" for any) and before `below`
        ("" for any), of the same family if there are any: after a digit most often comes a digit.
        "" where there is none.
        """
        known = self.characters
        begin = bisect_right(known, above) if above else 0
        found = known[begin : bisect_left(known, below) if below else len(known)]
        kin = [char for char in found if self._are_kin(above, char)]
        found = kin or found
        return found[len(found) // 2] if found else ""

    def _are_kin(self, one: str, other: str) -> bool:
        if self._hexadecimal and {one, other} <= {*digits, *HEXADECIMAL}:
            return True
        return any(one and one in family and other in family for family in FAMILIES)

    def place(self, text: str) -> float:
        """Where a text lies among all texts of these characters: 0 is the first, 1 is the last."""
        known, place, share = self.characters, 0.0, 1.0
        for char in text[:DEPTH]:
            share /= len(known) + 1
            place += share * bisect_right(known, char)
        return place


def shared(one: str, other: str) -> int:
    """How many characters two texts begin with in common."""
    for place, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return place
    return min(len(one), len(other))


def beyond(text: str) -> str | None:
    """A text that comes after all that begin with this one, and soon after; None if none does."""
    while text:
        if following := _after(text[-1]):
            return text[:-1] + following
        text = text[:-1]
    return None


def _after(char: str) -> str:
    """The next character that may stand in XML, as stores repeat it in their replies, and in a
    folded key: so no slash.
    """
    code = ord(char) + 1
    if code < 0x20:
        code = 0x20
    elif code == ord("/"):
        code = ord("0")
    elif 0xD800 <= code < 0xE000:
        code = 0xE000
    elif code in (0xFFFE, 0xFFFF):
        code = 0x10000
    return chr(code) if code <= 0x10FFFF else ""


def midpoint(low: str, high: str | None, least: int, alphabet: Alphabet) -> str | None:
    """A text after `low` and before `high` that may be in the middle of the keys between them.

    All of these keys have their first `least` characters in common with `low`. None where there is
    nothing to guess with.
    """
    first = max(least, shared(low, high) if high is not None else 0)
    for depth in range(first, len(low) + 1):
        below = high[depth] if depth == first and high is not None and depth < len(high) else ""
        if char := alphabet.middle(low[depth : depth + 1], below):
            return usable(low[:depth] + char)
    return None


def usable(text: str | None) -> str | None:
    """The text, where it is not too long to begin a listing with."""
    return text if text and len(text.encode()) <= LONGEST_KEY else None
