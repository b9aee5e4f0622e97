"""The rows of a slice on their way to the store and back: what is sent, waits, or has settled.

Rows are started in order. An answer is final, or the row is tried again here after a pause, or it
is deferred to a retry slice (design decision 13).
"""

from __future__ import annotations

import heapq
import time

from jobs import verdicts
from jobs.lanes import SliceClaim
from jobs.manifests.rows import MISSING_VERSION, MissingVersion, target_of
from jobs.retries import Settled
from jobs.verdicts import NO_ANSWER, TRIES
from operations.base import Again, Outcome
from operations.pace import Pace, backoff
from operations.sender import Sender


class Sending:
    """Sends the rows of a claimed slice. `settled` holds what is not committed yet, by index;
    `failures` of it are what the store refused.
    """

    def __init__(self, claim: SliceClaim, rows: list[bytes], sender: Sender, pace: Pace) -> None:
        self.claim, self.rows, self.sender, self.pace = claim, rows, sender, pace
        self.settled: dict[int, Settled] = {}
        self.waiting: list[tuple[float, int, Outcome]] = []
        self.tries: dict[int, int] = {}
        self.next_new = self.settled_end = claim.slice.next_index
        self.not_before = 0.0
        self.failures = 0

    def feed(self) -> None:
        """Start as many rows as the sender has room for and the pace allows."""
        now = time.monotonic()
        self.sender.limit = self.pace.limit
        if now < self.not_before:
            return
        room = min(self.sender.room, self.pace.allowed(now))
        if self.pace.pause:
            room, self.not_before = min(room, 1), now + self.pace.pause
        while room > 0 and self.claim.lease.is_safe:
            index = self.next_due(now)
            if index is None:
                break
            room -= self.send(index)

    def next_due(self, now: float) -> int | None:
        """The row to start next: one to be tried again, else the next new one that is reserved."""
        if self.waiting and self.waiting[0][0] <= now:
            return heapq.heappop(self.waiting)[1]
        if self.next_new < self.claim.slice.started_upto:
            self.next_new += 1
            return self.next_new - 1
        return None

    def send(self, index: int) -> bool:
        """Start one row, unless it can have only one outcome; True if that takes a request."""
        try:
            target = target_of(self.rows[index])
        except MissingVersion:
            self.settled[index] = MISSING_VERSION
            return False
        self.sender.send(index, target)
        self.pace.spend()
        return True

    def collect(self, timeout: float) -> None:
        """Take what the store said, after waiting up to `timeout` seconds for something."""
        ended = troubled = throttled = 0
        outcomes = self.sender.collect(timeout)
        for index, outcome in outcomes:
            if outcome.again is Again.NEVER:
                self.settled[index] = outcome
                self.failures += not outcome.succeeded
                ended += 1
            else:
                troubled += tells_of_trouble(outcome)
                throttled += outcome.again is Again.THROTTLED
                self.put_off(index, outcome)
        if outcomes:
            self.pace.hear(len(outcomes), troubled)
            self.pace.meter.add(ended)
            self.pace.throttled.add(throttled)

    def put_off(self, index: int, outcome: Outcome) -> None:
        """Up to three tries here after a fault, then a later round; being throttled costs none."""
        if outcome.again is Again.THROTTLED:
            self.wait(index, outcome, backoff(1, base=0.5, cap=2.0))
            return
        tries = self.tries[index] = self.tries.get(index, 0) + 1
        if tries < TRIES and outcome.again is Again.FAULT:
            self.wait(index, outcome, backoff(tries, base=0.2, cap=2.0))
        else:
            self.settled[index] = verdicts.later(self.claim, outcome)

    def wait(self, index: int, outcome: Outcome, seconds: float) -> None:
        """Keep a row here for a while before it is tried again."""
        heapq.heappush(self.waiting, (time.monotonic() + seconds, index, outcome))

    def settled_upto(self) -> int:
        """The end of the stretch that is settled without a gap."""
        while self.settled_end in self.settled:
            self.settled_end += 1
        return self.settled_end

    @property
    def is_out_of_rows(self) -> bool:
        """True where the sender has room, and no new row may be started."""
        return self.next_new == self.claim.slice.started_upto and self.sender.room > 0

    @property
    def is_starved(self) -> bool:
        """True where the slice has more rows, and a slow one before them holds them back."""
        return self.is_out_of_rows and self.next_new < len(self.rows)

    def take(self, start: int, end: int) -> list[Settled]:
        """What the rows from `start` to `end` have settled to."""
        return [self.settled[index] for index in range(start, end)]

    def forget(self, start: int, end: int) -> None:
        """These rows are committed."""
        for index in range(start, end):
            del self.settled[index]
            self.tries.pop(index, None)
        if self.failures:
            self.failures = sum(map(is_failure, self.settled.values()))

    def defer_throttled(self) -> None:
        """Rows that the store will not take now wait in a retry slice and hold back no part."""
        kept = []
        for due, index, outcome in self.waiting:
            if outcome.again is Again.THROTTLED:
                self.settled[index] = verdicts.later(self.claim, outcome)
            else:
                kept.append((due, index, outcome))
        heapq.heapify(kept)
        self.waiting = kept

    def last_answers(self, timeout: float, *, ending: bool) -> None:
        """Take what still comes while the lane stops; `ending` where the job ends."""
        for index, outcome in self.sender.collect(timeout):
            self.settled[index] = verdicts.last_word(self.claim, outcome, ending=ending)

    def abandon(self, *, ending: bool) -> None:
        """Settle what has no answer and what waits to be tried again."""
        open_rows = [(index, NO_ANSWER) for index in self.sender.abandon()]
        open_rows += [(index, outcome) for _, index, outcome in self.waiting]
        self.waiting = []
        for index, outcome in open_rows:
            self.settled[index] = verdicts.last_word(self.claim, outcome, ending=ending)


def tells_of_trouble(outcome: Outcome) -> bool:
    """True where the store has more to do than it can: it throttles, or does not answer."""
    silent = outcome.again is Again.FAULT and outcome.http_status is None
    return silent or outcome.again is Again.THROTTLED


def is_failure(settled: Settled) -> bool:
    """True for the final outcome of a task that failed."""
    return isinstance(settled, Outcome) and not settled.succeeded
