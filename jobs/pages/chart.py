"""A job's throughput and errors over its life, as columns of an SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, floor, log10

from django.utils import timezone

from jobs.models import Job, Throughput
from jobs.pages.words import duration

HEIGHT = 100.0
MOST_COLUMNS = 60
MOST_ROWS = 12
"""Of the table beside it, which says the same for those who cannot see it."""
LEAST_COLUMNS = 3
"""Of fewer nobody can see a course: the numbers above tell it all."""
LEAST_BAD = 2.0
"""A column's red part can be seen, however few failed."""
GAP = 0.2
"""Between two columns of MOST_COLUMNS; of fewer, which are wider, a smaller part of them."""


@dataclass(frozen=True)
class Column:
    """The tasks of a stretch of time; `place` counts from 0."""

    place: int
    begins: timedelta
    seconds: float
    succeeded: int
    failed: int
    top: float
    gap: float = GAP

    @property
    def rate(self) -> float:
        """Tasks per second."""
        return (self.succeeded + self.failed) / self.seconds

    @property
    def x(self) -> float:
        """Its left side; a column and the gap after it are 1 wide."""
        return self.place + self.gap / 2

    @property
    def width(self) -> float:
        """Without the gap."""
        return 1 - self.gap

    @property
    def good_height(self) -> float:
        """Of the green part, which stands below."""
        return round(HEIGHT * self.succeeded / self.seconds / self.top, 2)

    @property
    def bad_height(self) -> float:
        """Of the red part on top of it."""
        height = HEIGHT * self.failed / self.seconds / self.top
        return round(max(height, LEAST_BAD), 2) if self.failed else 0.0

    @property
    def good_y(self) -> float:
        """Where the green part begins: SVG counts from the top."""
        return round(HEIGHT - self.good_height, 2)

    @property
    def bad_y(self) -> float:
        """Where the red part begins; never above the chart."""
        return max(0.0, round(self.good_y - self.bad_height, 2))

    @property
    def when(self) -> str:
        """Since the first part."""
        return duration(self.begins)

    @property
    def speed(self) -> str:
        """The rate for people."""
        return _number(self.rate)


@dataclass(frozen=True)
class Chart:
    """What the template draws."""

    columns: Sequence[Column]
    rows: Sequence[Column]
    top: float
    begins: datetime
    ends: datetime

    @property
    def view_box(self) -> str:
        """Of the SVG, which is stretched to the page's width."""
        return f"0 0 {len(self.columns)} {HEIGHT:.0f}"

    @property
    def is_long(self) -> bool:
        """True where seconds at its ends tell nothing."""
        return self.ends - self.begins >= timedelta(hours=1)

    @property
    def scale(self) -> str:
        """What the upper edge stands for."""
        return _number(self.top)


def chart_of(job: Job, kept: Throughput | None) -> Chart | None:
    """The chart; None where nothing was committed yet, or before throughput was kept."""
    if kept is None or not any((*kept.succeeded, *kept.failed)):
        return None
    until = job.terminated_at if job.is_final else timezone.now()
    drawn = draw(kept, until or timezone.now())
    return drawn if len(drawn.columns) >= LEAST_COLUMNS else None


def draw(kept: Throughput, until: datetime) -> Chart:
    """The chart of what was kept, up to a time: a pause at the end can be seen."""
    life = max((until - kept.began_at).total_seconds(), 1.0)
    # A part may be committed a moment after `until`, which then was not the end.
    life = max(life, (len(kept.succeeded) - 1) * kept.seconds + 1.0)
    count = max(len(kept.succeeded), ceil(life / kept.seconds))
    fine = _merged(kept, count, MOST_COLUMNS, life)
    top = _rounded(max(column.rate for column in _columns(fine, 1.0)))
    rows = _columns(_merged(kept, count, MOST_ROWS, life), top)
    return Chart(_columns(fine, top), rows, top, kept.began_at, until)


Stretch = tuple[float, float, int, int]
"""Seconds since the beginning, length in seconds, succeeded, failed."""


def _merged(kept: Throughput, count: int, most: int, life: float) -> list[Stretch]:
    """At most so many stretches of equal length; the last is not over yet."""
    step = ceil(count / most)
    pairs = list(zip(kept.succeeded, kept.failed, strict=True))
    merged = []
    for start in range(0, count, step):
        some = pairs[start : start + step]
        begins = float(start * kept.seconds)
        length = min(float(step * kept.seconds), life - begins)
        merged.append((begins, length, sum(s for s, _ in some), sum(f for _, f in some)))
    return merged


def _columns(stretches: Sequence[Stretch], top: float) -> list[Column]:
    gap = round(GAP * len(stretches) / MOST_COLUMNS, 4)
    return [
        Column(place, timedelta(seconds=begins), length, succeeded, failed, top, gap)
        for place, (begins, length, succeeded, failed) in enumerate(stretches)
    ]


def _rounded(rate: float) -> float:
    """The next of 1, 2, 5, 10, 20 … that is not below it."""
    power: float = 10.0 ** floor(log10(rate))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= rate * 0.9999)


def _number(rate: float) -> str:
    """With two digits that count, however slow."""
    return f"{rate:,.0f}" if rate >= 10 or rate == int(rate) else f"{rate:.2g}"
