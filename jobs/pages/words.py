"""Spans, ages and long names in few words."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

CUT = "…"


def duration(span: timedelta) -> str:
    """Two units are enough: < 1 s, 42 s, 5 min 3 s, 2 h 5 min, 3 d 4 h."""
    seconds = round(span.total_seconds())
    if not seconds and span:
        return "< 1 s"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if days:
        return f"{days} d {hours % 24} h"
    if hours:
        return f"{hours} h {minutes % 60} min"
    if minutes:
        return f"{minutes} min {seconds % 60} s"
    return f"{seconds} s"


def age(at: datetime) -> str:
    """How long ago in one unit, as that is for a look in passing: 42 s, 5 min, 2 h, 3 d."""
    seconds = max(0, int((timezone.now() - at).total_seconds()))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size:,} {unit}"
    return f"{seconds} s"


def middle(text: str, most: int) -> str:
    """At most so many characters, cut in the middle: of a key, both ends tell most."""
    if len(text) <= most:
        return text
    kept = max(most - len(CUT), 2)
    end = kept // 2
    return f"{text[: kept - end]}{CUT}{text[-end:]}"
