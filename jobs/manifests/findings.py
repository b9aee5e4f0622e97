"""What a check of a manifest found, and what can be offered to mend it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from jobs.manifests.faults import KINDS
from jobs.manifests.hints import hints_of, keys_look, objects_of

MENDS = {
    "header": "Drop the header row",
    "bom": "Drop the byte order mark",
    "blank": "Drop blank lines and lines of spaces",
    "encode": "Take the keys literally and URL-encode them",
    "null": "Write null where the version id is empty",
}
"""What is mechanical, in words for a button."""


@dataclass(frozen=True, slots=True)
class Defect:
    """A fault and its place, as InvalidManifest has them."""

    what: str
    kind: str = ""
    line: int | None = None
    column: int | None = None
    file: str = ""

    @property
    def remedy(self) -> str:
        """How to mend it."""
        return KINDS.get(self.kind, "")


@dataclass(frozen=True, slots=True)
class FirstRow:
    """One of the first rows, as the manifest wrote it."""

    cells: tuple[str, ...]
    line: int | None = None


@dataclass(frozen=True, slots=True)
class KeyGuess:
    """How keys are written, as far as one can tell from how they look."""

    encoded: int = 0
    """They have percent-escapes, and nothing that an encoder would not leave."""
    raw: int = 0
    """They have spaces, characters beyond ASCII or the like."""
    mixed: int = 0
    """They have both."""
    plain: int = 0
    """Encoded or not, they are the same."""
    plus: int = 0
    """Of all these, those with a plus sign, which is read as a space."""
    examples: Mapping[str, str] = field(default_factory=dict)
    """One for each of these names."""


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Rows that repeat an earlier one."""

    count: int = 0
    compared: int = 0
    """Of how many first rows that is."""
    first: tuple[int, int] | None = None
    """The number of a row that repeats another, and of that other."""

    @property
    def distinct(self) -> int:
        """How many of those rows are no repetition."""
        return self.compared - self.count


@dataclass(frozen=True, slots=True)
class Offer:
    """What can be mended at once."""

    mend: str
    count: int
    """How often it was found to be needed."""
    caution: str = ""

    @property
    def label(self) -> str:
        """In words for a button."""
        return MENDS[self.mend]


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What a check found. All counts are of what was read."""

    columns: tuple[str, ...] = ()
    first_rows: tuple[FirstRow, ...] = ()
    defects: tuple[Defect, ...] = ()
    """The first ones, in order; `kinds` counts all."""
    kinds: Mapping[str, int] = field(default_factory=dict)
    literal_quotes: int = 0
    """Of the faults with quotes, those in rows that can be read as if these were the key's."""
    rows: int = 0
    """Without fault: each would be a task."""
    buckets: tuple[str, ...] = ()
    """In the order in which they were found; not all where they are very many."""
    has_versions: bool = False
    with_version: int = 0
    """`null` is one too."""
    null_versions: int = 0
    empty_versions: int = 0
    blank_lines: int = 0
    duplicates: Duplicates = Duplicates()
    keys: KeyGuess = KeyGuess()
    takes_raw_keys: bool = False
    """The form does not encode keys."""
    is_inventory: bool = False
    complete: bool = False
    """All was read."""
    broke_off: bool = False
    """A fault ended the reading."""
    bytes_read: int = 0
    total_bytes: int | None = None
    is_packed: bool = False
    """These are packed bytes, which say little of how many rows are left."""
    other_format: str = ""
    """The form that is obviously meant, where it is another."""

    @property
    def faults(self) -> int:
        """How many, of any kind."""
        return sum(self.kinds.values())

    @property
    def is_right(self) -> bool:
        """No fault was found; where not all was read, that is no promise."""
        return not self.kinds

    @property
    def is_clear(self) -> bool:
        """All was read, and there is nothing to say against it."""
        return self.is_right and self.complete and not self.hints

    @property
    def summary(self) -> str:
        """What it comes to, in a sentence or two."""
        rows = "1 row" if self.rows == 1 else f"{self.rows:,} rows"
        if self.is_right:
            return f"No fault was found in {'' if self.complete else 'the first '}{rows}."
        faults = "1 fault was" if self.faults == 1 else f"{self.faults:,} faults were"
        end = " and the rest cannot be read" if self.broke_off else ""
        right = f"beside {rows} that {'is' if self.rows == 1 else 'are'} right"
        found = f"{faults} found {right if self.rows else 'and no row that is right'}{end}"
        return f"{found}. A job with this list would fail in Preparing."

    @property
    def are_counted(self) -> bool:
        """True where it is known how many objects, or versions, the rows are."""
        return self.complete and self.duplicates.compared == self.rows and not self.empty_versions

    @property
    def objects(self) -> str:
        """How many objects these are, as exactly as that is known; "" where nothing is known."""
        found = self.duplicates
        told = objects_of(found.distinct, versions=self.has_versions)
        if self.complete and not self.are_counted:
            return f"the objects of {self.rows:,} rows"
        if not self.complete:
            return f"at least {told}" if found.distinct and not self.empty_versions else ""
        return f"{told} ({self.rows:,} rows, {found.count:,} repeated)" if found.count else told

    @property
    def extent(self) -> str:
        """How far it was read, where that is not all."""
        if self.complete or self.broke_off:
            return ""
        if self.is_packed:
            read = "the beginning could be unpacked and checked"
        elif self.bytes_read < (self.total_bytes or 0):
            read = f"{self.bytes_read:,} of {self.total_bytes:,} bytes were read"
        else:
            read = "the beginning could be checked"
        return f"Only {read} in the time of a check. Preparing checks all rows alike."

    @property
    def hints(self) -> tuple[str, ...]:
        """What is no fault, and may not be meant."""
        return tuple(hints_of(self))

    @property
    def offers(self) -> tuple[Offer, ...]:
        """What can be mended at once."""
        return tuple(Offer(*offer, _caution(self, *offer)) for offer in _mendable(self) if offer[1])


def _mendable(found: Findings) -> Iterator[tuple[str, int]]:
    if found.is_inventory:
        yield "null", found.empty_versions
        return
    kinds, keys = found.kinds, found.keys
    yield "header", kinds.get("header", 0)
    yield "bom", kinds.get("bom", 0)
    yield "blank", kinds.get("blank", 0) + found.blank_lines
    if not found.takes_raw_keys:
        count = keys.raw + keys.mixed + kinds.get("escape", 0) + found.literal_quotes
        yield "encode", count or (0 if keys.encoded else keys.plus)
    yield "null", found.empty_versions


def _caution(found: Findings, mend: str, count: int) -> str:
    encoded = found.keys.encoded + found.keys.mixed
    if mend != "encode" or not encoded:
        return ""
    return f"{keys_look(encoded)} as if already URL-encoded, and would be encoded twice."
