"""What must hold after a run, whatever fell on it. Pure: each check returns what is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.chaos.objects import Objects
from tests.chaos.work import BYSTANDERS, DESTINATION, SOURCE, TAG, Plan, bystander

SHOWN = 3


@dataclass(frozen=True)
class SliceRow:
    """A slice as it stands in the database at the end; `rows` are those of its task file."""

    id: int
    origin: int | None
    size: int
    state: int
    succeeded: int
    failed: int
    deferred: int
    rows: tuple[str, ...]


@dataclass(frozen=True)
class PartRow:
    """A part as it stands in the database at the end."""

    slice: int
    start: int
    end: int
    succeeded: int
    failed: int
    deferred: int


DONE = 2


def some(found: Iterable[Any]) -> str:
    """The first few, for a message."""
    known = list(found)
    more = f" and {len(known) - SHOWN} more" if len(known) > SHOWN else ""
    return ", ".join(str(one) for one in known[:SHOWN]) + more


def check_end(plan: Plan, told: dict[str, Any]) -> list[str]:
    """The job is Complete, and each task succeeded or failed as it had to."""
    wrong = []
    if told["status"] != "Complete":
        reasons = "; ".join(f"{one['code']}: {one['reason']}" for one in told["failure_reasons"])
        cause = told.get("suspended_cause") or reasons or "no reason given"
        wrong.append(f"{plan.name} is {told['status']}: {cause}")
    progress = told["progress"]
    counted = (progress["total"], progress["succeeded"], progress["failed"])
    if counted != (plan.total, len(plan.keys), len(plan.absent)):
        wrong.append(
            f"{plan.name} counts {counted}, not {(plan.total, len(plan.keys), len(plan.absent))}"
        )
    if progress["succeeded"] + progress["failed"] != progress["total"]:
        wrong.append(f"{plan.name}: succeeded + failed is not its total")
    return wrong


def check_report(plan: Plan, rows: Sequence[tuple[str, str, str]]) -> list[str]:
    """Each entry of the manifest exactly once, with the right status."""
    expected, found = Counter(plan.expected_rows()), Counter(rows)
    wrong = []
    if missing := expected - found:
        wrong.append(f"the report of {plan.name} lacks {some(missing.elements())}")
    if extra := found - expected:
        wrong.append(f"the report of {plan.name} has too much: {some(extra.elements())}")
    return wrong


def check_slices(name: str, slices: Sequence[SliceRow], parts: Sequence[PartRow]) -> list[str]:
    """The parts of each slice tile it exactly once, and what was deferred went on."""
    wrong = []
    for slice_ in slices:
        mine = sorted((part.start, part.end) for part in parts if part.slice == slice_.id)
        if slice_.state != DONE:
            wrong.append(f"slice {slice_.id} of {name} is not done")
        wrong += [f"slice {slice_.id} of {name}: {told}" for told in tiling(mine, slice_.size)]
        heirs = sum(heir.size for heir in slices if heir.origin == slice_.id)
        if heirs != slice_.deferred:
            wrong.append(
                f"slice {slice_.id} of {name} deferred {slice_.deferred}, its heirs hold {heirs}"
            )
    return wrong


def tiling(stretches: Sequence[tuple[int, int]], size: int) -> list[str]:
    """What keeps stretches from covering [0, size) exactly once."""
    wrong, at = [], 0
    for start, end in stretches:
        if start < at:
            wrong.append(f"[{start}, {end}) was committed twice in part")
        elif start > at:
            wrong.append(f"[{at}, {start}) was never committed")
        at = max(at, end)
    if at != size:
        wrong.append(f"its parts end at {at} of {size}")
    return wrong


def check_counters(
    plan: Plan, counted: tuple[int, int], slices: Sequence[SliceRow], parts: Sequence[PartRow]
) -> list[str]:
    """Counters are the sums of the parts, and the slices hold the whole manifest once."""
    wrong = []
    summed = (sum(part.succeeded for part in parts), sum(part.failed for part in parts))
    if summed != counted:
        wrong.append(f"the parts of {plan.name} sum up to {summed}, the job counts {counted}")
    for slice_ in slices:
        mine = [part for part in parts if part.slice == slice_.id]
        sums = tuple(
            sum(getattr(part, kind) for part in mine)
            for kind in ("succeeded", "failed", "deferred")
        )
        if sums != (slice_.succeeded, slice_.failed, slice_.deferred):
            wrong.append(f"the parts of slice {slice_.id} of {plan.name} sum up to {sums}")
    first = Counter(row for slice_ in slices if slice_.origin is None for row in slice_.rows)
    entries = Counter(plan.manifest().decode().split())
    if first != entries:
        wrong.append(
            f"the slices of {plan.name} are not its manifest: lacking {some(entries - first)}; "
            f"too much {some(first - entries)}"
        )
    return wrong


def check_store(plan: Plan, objects: Objects) -> list[str]:
    """The effect of every task is in the store, and nothing was made of what did not exist."""
    wrong = []
    photos, archive = objects.buckets[SOURCE], objects.buckets[DESTINATION]
    for key in plan.keys:
        if key not in photos or photos[key].body != key.encode():
            wrong.append(f"the object {key} was harmed")
        elif plan.operation == TAG and photos[key].tags != plan.wanted_tags:
            wrong.append(f"the object {key} was left out: its tags are {photos[key].tags}")
        elif plan.operation != TAG:
            copy = archive.get(plan.place_of(key)[1])
            if copy is None or copy.body != key.encode():
                wrong.append(f"the object {key} was left out: there is no whole copy of it")
    made = [key for key in plan.absent if key in photos or plan.place_of(key)[1] in archive]
    if made:
        wrong.append(f"there are objects that did not exist: {some(made)}")
    return [some(wrong)] if wrong else []


def check_bystanders(objects: Objects) -> list[str]:
    """What no job names is as it was."""
    photos = objects.buckets[SOURCE]
    changed = [
        key
        for key in map(bystander, range(BYSTANDERS))
        if key not in photos or photos[key].tags or photos[key].body != b"nobody's"
    ]
    return [f"objects of no job were touched: {some(changed)}"] if changed else []
