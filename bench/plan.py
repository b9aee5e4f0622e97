"""How much is measured, and telling of it meanwhile."""

from __future__ import annotations

import sys
from dataclasses import dataclass

MANY = 10_000_000
QUICK_ROWS = 3_000


@dataclass(frozen=True)
class Plan:
    """How long and how often. `seconds`: what a run of each contestant should take about. `rows`:
    the one size of the suites of long manifests; `forms`: the only forms of these.
    """

    quick: bool = False
    rounds: int = 3
    seconds: float = 8.0
    rows: int | None = None
    forms: tuple[str, ...] = ()


def sizes(plan: Plan) -> list[int]:
    """Rows of the manifests to be measured."""
    if plan.rows:
        return [plan.rows]
    return [QUICK_ROWS] if plan.quick else [MANY // 10, MANY]


def rounds_of(plan: Plan, count: int) -> int:
    """Long runs are done once: a second one would tell little and take minutes."""
    return 1 if plan.quick or count >= MANY else plan.rounds


def label(count: int) -> str:
    """10000000 → 10m"""
    for unit, letter in ((1_000_000, "m"), (1_000, "k")):
        if count >= unit and count % unit == 0:
            return f"{count // unit}{letter}"
    return str(count)


def say(text: str) -> None:
    """Tell whoever waits, at once."""
    print(text, file=sys.stderr, flush=True)
