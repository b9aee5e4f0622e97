"""What becomes of a task that the store did not perform: again now, later, or never (design
decision 13).

Faults have TRIES in a lane, then ROUNDS of them from retry slices. Being throttled uses up no try;
the task waits for an hour at most.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from jobs.models import Slice
from jobs.retries import Deferred, Settled, final
from operations.base import Again, Outcome
from operations.pace import backoff

TRIES = 3
ROUNDS = 5
ROUND_SECONDS = (10.0, 30.0, 60.0, 120.0, 300.0)
REDRIVE_SECONDS = (10.0, 30.0, 90.0, 240.0, 600.0)
"""How long a task waits that a function failed for now; as many redrives as waits (spec.md 5.6)."""
THROTTLED_SECONDS = 10.0
THROTTLED_AT_MOST = timedelta(hours=1)

NO_ANSWER = Outcome(
    succeeded=False,
    http_status=None,
    error_code="RequestTimeout",
    message="No answer had come when the work was stopped; the request may have been applied.",
    again=Again.FAULT,
)


def later(slice_: Slice, outcome: Outcome, now: datetime) -> Settled:
    """The task goes to a retry slice, or fails for good when its rounds or its hour are used up.

    `now` is the database's time, as the hour is counted over many machines.
    """
    if outcome.again is Again.THROTTLED:
        since = slice_.throttled_since or minute_of(now)
        if now - since > THROTTLED_AT_MOST:
            return final(outcome)
        return Deferred(outcome, slice_.attempt, THROTTLED_SECONDS, since)
    if outcome.again is Again.TEMPORARY:
        if slice_.attempt >= len(REDRIVE_SECONDS):
            return final(outcome)
        return Deferred(outcome, slice_.attempt + 1, REDRIVE_SECONDS[slice_.attempt])
    if slice_.attempt + 1 >= ROUNDS:
        return final(outcome)
    wait = backoff(1, base=ROUND_SECONDS[slice_.attempt], cap=ROUND_SECONDS[-1])
    return Deferred(outcome, slice_.attempt + 1, wait)


def last_word(slice_: Slice, outcome: Outcome, now: datetime, *, ending: bool) -> Settled:
    """What a lane that stops makes of an outcome: a fault is deferred, or final if the job ends."""
    if outcome.again is Again.NEVER:
        return outcome
    if ending:
        return final(outcome)
    since = slice_.throttled_since
    if outcome.again is Again.THROTTLED:
        since = since or minute_of(now)
    return Deferred(outcome, slice_.attempt, 0.0, since)


def minute_of(moment: datetime) -> datetime:
    """When a task was throttled first; to the minute, so that rows share a retry slice."""
    return moment.replace(second=0, microsecond=0)
