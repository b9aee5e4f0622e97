"""What is no fault of a manifest, and may not be meant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jobs.manifests.findings import Findings


def objects_of(rows: int, *, versions: bool = False) -> str:
    """What so many different rows name."""
    noun = "object version" if versions else "object"
    return f"1 {noun}" if rows == 1 else f"{rows:,} {noun}s"


def hints_of(found: Findings) -> Iterator[str]:
    """Sentences for people."""
    keys = found.keys
    if len(found.buckets) > 1:
        yield f"Rows name {len(found.buckets):,} buckets; a job has one. Make a job for each."
    if found.duplicates.first:
        yield _repeated(found, *found.duplicates.first)
    if found.empty_versions:
        yield (
            f"{_rows(found.empty_versions)} an empty version id, and a task without one fails. "
            "Write null where the version that has no id is meant."
        )
    if found.takes_raw_keys:
        if keys.encoded:
            yield (
                f"{keys_look(keys.encoded)} as if already URL-encoded, such as "
                f"{keys.examples['encoded']}; this format takes keys literally."
            )
        return
    if count := keys.raw + keys.mixed:
        example = keys.examples.get("raw") or keys.examples["mixed"]
        yield (
            f"{keys_look(count)} as if not URL-encoded, such as {example}. This format decodes "
            "keys: + becomes a space, and %41 an A."
        )
    if keys.plus and not found.is_inventory:
        yield (
            f"{_rows(keys.plus, 'key')} a plus sign, such as {keys.examples['plus']}; it is read "
            "as a space. A plus sign itself is written %2B."
        )


def _repeated(found: Findings, row: int, other: int) -> str:
    """That there are fewer objects than rows."""
    twice, right = found.duplicates, "" if found.is_right else " without fault"
    rows, count = f"{twice.compared:,} rows{right}", f"{twice.count:,}"
    if found.are_counted:
        objects = objects_of(twice.distinct, versions=found.has_versions)
        told = f"{rows}, {count} of them repeated: {objects}"
    else:
        told = f"Of the first {rows}, {count} {'is' if twice.count == 1 else 'are'} repeated"
    place = f"the first repetition is row {row:,}, of row {other:,}"
    return f"{told}. Each row is a task of its own; {place}."


def _rows(count: int, noun: str = "row") -> str:
    return f"{count:,} {noun} has" if count == 1 else f"{count:,} {noun}s have"


def keys_look(count: int) -> str:
    """The beginning of a sentence about so many keys."""
    return "1 key looks" if count == 1 else f"{count:,} keys look"
