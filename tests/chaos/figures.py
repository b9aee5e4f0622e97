"""How much was done again, and whether it may have been. Pure.

An effect is *again* where the one before it on the same object was answered in full: a request
without an answer is sent again by rights, and is counted apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from tests.chaos.objects import Effect, Place
from tests.chaos.watching import Loss


@dataclass(frozen=True)
class Again:
    """A side effect that was applied anew though its answer had been given."""

    place: Place
    before: float
    at: float


@dataclass(frozen=True)
class Kill:
    """A blow that took slices from processes. One that was only frozen may, until `over`, still
    send what it had in hand when it wakes up: no lease can call that back.
    """

    kind: str
    at: float
    pids: frozenset[int]
    over: float = 0.0


@dataclass
class Figures:
    """What a run measured of re-execution."""

    tasks: int = 0
    again: int = 0
    retried: int = 0
    per_kill: list[tuple[str, int, int]] = field(default_factory=list)
    """Of each kill that hit work: its kind, how many tasks were done again, how many in doubt."""
    causes: Counter[str] = field(default_factory=Counter)
    """What made tasks be done again: a kind of kill, "setback" or "lease"."""
    unexplained: list[Place] = field(default_factory=list)

    @property
    def percent(self) -> float:
        return 100 * self.again / self.tasks if self.tasks else 0.0

    def __str__(self) -> str:
        worst = max(self.per_kill, key=lambda told: told[1], default=("", 0, 0))
        kills = len(self.per_kill)
        mean = sum(done for _, done, _ in self.per_kill) / kills if kills else 0
        causes = ", ".join(
            f"{kind} {count:,}" for kind, count in self.causes.most_common() if count
        )
        text = f"re-executed {self.again:,} ({self.percent:.1f} %{causes and ': ' + causes})"
        if kills:
            text += (
                f", after {kills} kills that hit work {mean:.0f} each on average, at most "
                f"{worst[1]} of {worst[2]} in doubt ({worst[0]})"
            )
        return f"{text}, sent again for want of an answer {self.retried:,}"


def repeated(effects: Mapping[Place, Sequence[Effect]]) -> tuple[list[Again], int]:
    """What was done again after an answer, and how often for want of one."""
    again, retried = [], 0
    for place, applied in effects.items():
        for before, after in pairwise(applied):
            if before.answered:
                again.append(Again(place, before.at, after.at))
            else:
                retried += 1
    return again, retried


def measure(
    effects: Mapping[Place, Sequence[Effect]],
    losses: Sequence[Loss],
    places: Mapping[int, Sequence[Place]],
    kills: Sequence[Kill],
) -> Figures:
    """The figures of a run. `places`: where each row of a slice has its effect. `effects`: those of
    tasks alone.
    """
    again, retried = repeated(effects)
    figures = Figures(sum(1 for _ in effects), len(again), retried)
    by_place: dict[Place, list[Again]] = {}
    for one in again:
        by_place.setdefault(one.place, []).append(one)
    explained: set[Again] = set()
    done: dict[int, list[int]] = {}
    for loss in losses:
        number = _kill_of(loss, kills) if loss.why == "lease" else None
        until = max(loss.until, kills[number].over if number is not None else 0.0)
        in_doubt = places.get(loss.slice, [])[loss.low : loss.high]
        mine = {
            one
            for place in in_doubt
            for one in by_place.get(place, [])
            if one.before <= until and one.at >= loss.since
        } - explained
        figures.causes[loss.why if number is None else kills[number].kind] += len(mine)
        explained |= mine
        if number is not None:
            told = done.setdefault(number, [0, 0])
            told[0] += len(mine)
            told[1] += len(in_doubt)
    figures.per_kill = [(kills[number].kind, *told) for number, told in sorted(done.items())]
    figures.unexplained = sorted({one.place for one in again if one not in explained})
    return figures


def _kill_of(loss: Loss, kills: Sequence[Kill]) -> int | None:
    """The last kill of the process that lost the slice, before the loss was seen."""
    found = [
        number
        for number, kill in enumerate(kills)
        if loss.pid in kill.pids and kill.at <= loss.until
    ]
    return found[-1] if found else None
