"""The four steps of a new job: what they are called, and which fields each asks for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from jobs.pages.manifest_fields import READ_BY_ROLE, ManifestFields
from jobs.pages.task_fields import TaskFields

OBJECTS, OPERATION, OPTIONS, REVIEW = "objects", "operation", "options", "review"
TITLES = {
    OBJECTS: "Objects",
    OPERATION: "Operation",
    OPTIONS: "Options",
    REVIEW: "Review",
}
NAMES = tuple(TITLES)


class Step(NamedTuple):
    """One of the four, as the page shows it."""

    name: str
    title: str
    number: int
    is_current: bool
    is_done: bool


def steps_seen_from(current: str) -> list[Step]:
    """All four, with the one that is shown."""
    here = NAMES.index(current)
    return [
        Step(name, TITLES[name], place + 1, is_current=place == here, is_done=place < here)
        for place, name in enumerate(NAMES)
    ]


def beside(current: str) -> tuple[str, str]:
    """The step before and the step after; "" at the ends."""
    here = NAMES.index(current)
    before = NAMES[here - 1] if here else ""
    return before, NAMES[here + 1] if here + 1 < len(NAMES) else ""


def between(here: str, there: str) -> Sequence[str]:
    """The steps that are left on the way; none on the way back."""
    return NAMES[NAMES.index(here) : NAMES.index(there)]


def step_of(field: str | None, source: str) -> str:
    """The step that asks for a field. A role that reads the list is asked for beside the list."""
    if field is None:
        return REVIEW
    fields = {**ManifestFields.base_fields, **TaskFields.base_fields}
    if field in fields or (field == "role" and source in READ_BY_ROLE):
        return OBJECTS
    return OPERATION if field == "operation" else OPTIONS


def known(name: str | None, otherwise: str) -> str:
    """A step by its name."""
    return name if name in TITLES else otherwise


def in_order(names: set[str]) -> Iterator[str]:
    """The steps in the order in which they come."""
    return (name for name in NAMES if name in names)
