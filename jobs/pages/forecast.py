"""Between which spans a job's end lies: an estimate alone says nothing of how sure it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jobs.models import Throughput
    from jobs.pages.progress import Progress

LEAST_SECONDS = 10
"""Over less, single commits make the rate jump."""
WINDOWS = 12
LEAST_WINDOWS = 3


def range_of(progress: Progress, kept: Throughput | None) -> str:
    """Between which spans the end lies, if the job goes on as it did of late: "10 min to 15 min".

    Empty where both are the same, and where there is too little to judge by.
    """
    left = progress.seconds_left
    rates = rates_of_late(kept) if kept else []
    if left is None or len(rates) < LEAST_WINDOWS:
        return ""
    slow, fast = rates[len(rates) // 5], rates[-1 - len(rates) // 5]
    shortest = _coarse(min(left, progress.remaining / fast))
    longest = _coarse(max(left, progress.remaining / slow))
    return "" if shortest == longest else f"{shortest} to {longest}"


def rates_of_late(kept: Throughput) -> list[float]:
    """Tasks per second in the newest windows with any, slowest first: of whole windows of at least
    LEAST_SECONDS. The last bucket may not be over yet.
    """
    step = max(1, -(-LEAST_SECONDS // kept.seconds))
    tasks = [good + bad for good, bad in zip(kept.succeeded, kept.failed, strict=True)][:-1]
    ends = range(len(tasks), step - 1, -step)
    sums = [sum(tasks[end - step : end]) for end in ends][:WINDOWS]
    return sorted(total / (step * kept.seconds) for total in sums if total)


def _coarse(seconds: float) -> str:
    """One unit is enough for the end of a range."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{round(seconds / size)} {unit}"
    return f"{round(seconds)} s"
