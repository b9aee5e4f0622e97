"""How fast to send: fewer requests at once when the store asks to slow down or falls silent, and
never more in a second than was allowed (design decision 13).

AIMD, as TCP has it: a limit on the requests in flight that falls by a factor and rises by a step,
decided once per window, so that a burst of refusals counts as one. Beside it stands a token
bucket: the ceiling that people set, whatever the store would bear.
"""

from __future__ import annotations

import random
import sys
from collections import deque
from collections.abc import Callable
from time import monotonic

FIRST_WINDOW = 250
"""Targets that may be begun at first before results are committed."""
WINDOW = 0.25
"""Seconds between two decisions."""
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 10.0
"""Seconds between two sends when even one request at a time is too much."""
BURST_SECONDS = 0.1
"""So much of the rate may be made up for at once, beside one request, after the sender was busy
elsewhere. What was missed before is forgone."""
UNLIMITED = sys.maxsize
OF_LATE = 10.0
"""Seconds over which a meter takes the mean."""


class Meter:
    """How many of something there are in a second, of late: as of tasks that end."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._done = 0
        self._marks = deque([(clock(), 0)])

    def add(self, more: int) -> None:
        """So many more."""
        self._done += more

    def per_second(self) -> float:
        """The mean of the last ten seconds, or since the beginning; to be asked now and then."""
        now = self._clock()
        while len(self._marks) > 1 and self._marks[1][0] <= now - OF_LATE:
            self._marks.popleft()
        since, before = self._marks[0]
        if now - self._marks[-1][0] >= OF_LATE / 20:
            self._marks.append((now, self._done))
        # Less than a second is too short to tell: the first part may have come a moment ago.
        return (self._done - before) / (now - since) if now - since >= 1 else 0.0


class Pace:
    """The limit on requests in flight, and the pause between sends, that the store bears.

    `limit` begins at `start` (without it at `maximum`), and is at least 1 and at most `maximum`.
    With `explore` it doubles in each window until the first trouble, as nobody knows what the store
    bears. `pause` is in seconds, mostly 0. `window`, `meter` and `throttled` are for its user to
    keep: how many targets may be begun before results are committed, how many were ended, and how
    often the store asked to slow down. `clock` gives seconds that never run back.
    """

    def __init__(
        self,
        maximum: int,
        *,
        start: int | None = None,
        explore: bool = False,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._maximum = max(1, maximum)
        self.limit = max(1, min(self._maximum, start or self._maximum))
        self.pause = 0.0
        self.window = FIRST_WINDOW
        self.meter = Meter(clock)
        self.throttled = Meter(clock)
        self._clock = clock
        self._window_end = clock() + WINDOW
        self._heard = 0
        self._troubled = 0
        self._exploring = explore
        self._rate: float | None = None
        self._saved = 0.0
        self._saved_at = clock()

    @property
    def maximum(self) -> int:
        """The ceiling of the limit; may be set while sending, and is at least 1."""
        return self._maximum

    @maximum.setter
    def maximum(self, maximum: int) -> None:
        self._maximum = max(1, maximum)
        self.limit = min(self.limit, self._maximum)

    @property
    def rate(self) -> float | None:
        """The most requests per second, None without a ceiling, 0 for none at all; may be set while
        sending.
        """
        return self._rate

    @rate.setter
    def rate(self, rate: float | None) -> None:
        if rate == self._rate:
            return
        # A new ceiling begins with nothing saved: else every new pace would give a request away.
        self._save(self._clock())
        self._rate = rate

    def allowed(self, now: float) -> int:
        """How many requests may be started at `now`, by the clock, without breaking the ceiling."""
        if self._rate is None:
            return UNLIMITED
        self._save(now)
        # The millionth makes up for sums of floats that are a hair below a whole number.
        return max(0, int(self._saved + 1e-6))

    def spend(self, requests: int = 1) -> None:
        """Requests were started."""
        if self._rate is not None:
            self._saved -= requests

    def _save(self, now: float) -> None:
        rate = self._rate or 0.0
        gained = max(0.0, now - self._saved_at) * rate
        self._saved = min(1 + rate * BURST_SECONDS, self._saved + gained)
        self._saved_at = max(self._saved_at, now)

    def hear(self, outcomes: int, troubled: int) -> None:
        """Count outcomes, `troubled` of which were throttled or timed out, and decide if the window
        is over.
        """
        self._heard += outcomes
        self._troubled += troubled
        if self._clock() >= self._window_end:
            self._decide()

    def _decide(self) -> None:
        if self._troubled * 10 > self._heard:
            self._exploring = False
            self._slow_down()
        else:
            self._speed_up()
        self._window_end = self._clock() + WINDOW
        self._heard = self._troubled = 0

    def _slow_down(self) -> None:
        if self.limit == 1:
            self.pause = min(LONGEST_PAUSE, max(FIRST_PAUSE, self.pause * 2))
        self.limit = max(1, self.limit * 7 // 10)

    def _speed_up(self) -> None:
        if self.pause:
            self.pause = self.pause / 2 if self.pause > FIRST_PAUSE else 0.0
            return
        step = self.limit if self._exploring else self.limit // 20
        self.limit = min(self._maximum, self.limit + max(1, step))


def backoff(attempt: int, base: float, cap: float) -> float:
    """Seconds to wait before a task is tried again: full jitter, at most `cap`.

    `attempt` is the number of tries that have failed, from 1: the most that may be drawn is
    `base` after the first, and doubles with each. `base` and `cap` are in seconds.
    """
    # The bound keeps the power a float after any number of tries.
    return random.uniform(0, min(cap, base * 2 ** min(attempt - 1, 60)))
