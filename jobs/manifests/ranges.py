"""A range of keys on its way: how far it is listed, how far it is returned, where to cut it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from jobs.manifests.keyspace import Alphabet, beyond, midpoint, shared, usable
from jobs.manifests.lister import Position, Stretch

if TYPE_CHECKING:
    from jobs.manifests.lister import Lister


class Cut(NamedTuple):
    """A place to try, and whether it is a leap (keyspace.py)."""

    place: str
    is_leap: bool


@dataclass(eq=False)
class Range:
    """The keys that begin with `prefix`, after `listed` and up to `until`; all folded.

    `neighbour` is the first key that was seen beyond `until`, if any.
    """

    prefix: str
    listed: Position
    returned: Position
    until: str | None = None
    neighbour: str | None = None
    is_tried: bool = False
    """True while somebody finds out whether it can be cut at a place."""
    pages: int = 0
    start: str = ""
    """Since its end moved last, the range has listed `steps` pages from here on."""
    steps: int = 0
    _last_page: tuple[str, str] = ("", "")
    _leap: int = 0
    """How many characters all remaining keys are supposed to have in common with the last one."""
    _known: str | None = None
    """A key that is known to lie ahead: a leap would find that one again."""
    may_leap: bool = True

    # ---- listing

    def accept(self, page: Stretch) -> tuple[Stretch, str | None]:
        """What of a page belongs to the range, and the first key beyond it, where it has one."""
        entries, end = page
        outside = None
        if self.until is not None and entries and entries[-1].key > self.until:
            outside = next(entry.key for entry in entries if entry.key > self.until)
            entries, end = [entry for entry in entries if entry.key <= self.until], None
        elif end and self.until is not None and end.key > self.until:
            end = None
        self.pages += 1
        self.steps += 1
        if end:
            self.listed = end
        if entries:
            self._last_page = (entries[0].key, entries[-1].key)
        if self.pages == 1 and entries:
            self.start = entries[0].key
            self._leap = shared(*self._last_page) if self.may_leap else 0
        return Stretch(entries, end), outside

    def weight(self, alphabet: Alphabet) -> float:
        """How many pages may remain, if there are as many in the rest as in what was listed since
        the range has its end.
        """
        if self.until is None:
            return float("inf")
        common = shared(self.start, self.until)
        begin, now, end = (
            alphabet.place(text[common:]) for text in (self.start, self.listed.key, self.until)
        )
        done = now - begin
        return self.steps * (end - now) / done if done > 0 else float("inf")

    # ---- cutting

    def cut(self, alphabet: Alphabet) -> Cut | None:
        """Where to try to cut what is not yet listed; None where there is nothing to guess with."""
        low, high = self.listed.key, self.until
        least = max(len(self.prefix), shared(low, high) if high is not None else 0)
        while self._leap > least:
            place = usable(beyond(low[: self._leap]))
            if place and low < place and (high is None or place < high):
                return Cut(place, is_leap=True)
            self._leap -= 1
        place = midpoint(low, high, len(self.prefix), alphabet)
        if place and low < place and (high is None or place < high):
            return Cut(place, is_leap=False)
        return None

    def divide(self, cut: Cut, found: str | None) -> Range | None:
        """Take up what was found beyond a cut: the range above it, where it divides this one.

        A key found at the end of a leap only tells where keys differ; the middle is elsewhere.
        """
        if self.listed.key >= cut.place or (self.until is not None and self.until <= cut.place):
            return None
        if found is None or (self.until is not None and found > self.until):
            self._narrow(cut)
            return None
        if cut.is_leap:
            self._known = found
            self._leap = min(self._leap - 1, shared(self.listed.key, found))
            return None
        place = Position(cut.place)
        upper = Range(self.prefix, place, place, self.until, self.neighbour, may_leap=False)
        self.neighbour = found
        self._end_at(cut.place)
        return upper

    def _narrow(self, cut: Cut) -> None:
        """Nothing lies beyond the cut; leap next, unless a key is known that forbids it."""
        self._end_at(cut.place)
        ahead = self._known is not None and self.listed.key < self._known <= cut.place
        self._leap = 0 if cut.is_leap or ahead else shared(*self._last_page)

    def _end_at(self, place: str) -> None:
        self.until, self.start, self.steps = place, self.listed.key, 0

    # ---- checkpoints

    def saved(self, lister: Lister) -> dict[str, Any]:
        """The part that is not yet returned, as JSON; keys as they are."""
        until = None if self.until is None else lister.unfold(self.until)
        return {
            "prefix": lister.unfold(self.prefix),
            "after": lister.unfold(self.returned.key),
            "version": self.returned.version_id,
            "until": until,
        }


def restored(saved: dict[str, Any], lister: Lister) -> Range:
    """The range that `saved` told of."""
    place = Position(lister.fold(saved["after"]), saved["version"])
    until = None if saved["until"] is None else lister.fold(saved["until"])
    return Range(lister.fold(saved["prefix"]), place, place, until)


def beginnings(prefixes: Iterable[str]) -> list[str]:
    """The prefixes without those that begin with another one: no key has two of them."""
    kept: list[str] = []
    for prefix in sorted(set(prefixes)):
        if not kept or not prefix.startswith(kept[-1]):
            kept.append(prefix)
    return kept or [""]
