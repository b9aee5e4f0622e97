"""One slice, from its first uncommitted row to its last part.

The lane's main thread is the coordinator: it feeds the sender, beats, and commits; the sender's
threads talk to the store and touch no database. Rows are started in order inside a window that was
reserved in the database before, so what a dead lane may have started is always known. What settles
in order is committed at least every PART_SECONDS; a row that must wait is deferred into a retry
slice rather than hold back the rest (design decisions 5, 6, 13).
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable

from django.db import InterfaceError, OperationalError

from jobs import leases, results, verdicts
from jobs.commits import commit, extend
from jobs.lanes import Claim, SliceClaim
from jobs.leftovers import CRASHES_TO_SPLIT, split
from jobs.listening import Listener, Order
from jobs.manifests.rows import MISSING_VERSION, MissingVersion, target_of
from jobs.retries import Settled
from jobs.status import JobStatus
from jobs.verdicts import NO_ANSWER, TRIES
from operations.base import Again, Outcome
from operations.pace import FIRST_WINDOW, Pace, backoff
from operations.sender import Sender

PART_SECONDS = 1.0
IDLE_SECONDS = 0.01
DRAIN_SECONDS = 8.0
LARGEST_WINDOW = 10_000

ENDING = frozenset({JobStatus.CANCELLING, JobStatus.FAILING})


def execute(
    claim: SliceClaim, sender: Sender, pace: Pace, stop: Callable[[], bool]
) -> Claim | None:
    """Perform the slice; returns better work that was claimed on the way. Raises LeaseLost."""
    rows = results.task_rows(claim.slice)
    if claim.crashed and claim.slice.crashes >= CRASHES_TO_SPLIT and split(claim, rows):
        return None
    return SliceRun(claim, rows, sender, pace, stop).run()


class SliceRun:
    """A slice being performed. `settled` holds outcomes that are not committed yet, by index."""

    def __init__(
        self,
        claim: SliceClaim,
        rows: list[bytes],
        sender: Sender,
        pace: Pace,
        stop: Callable[[], bool],
    ) -> None:
        self.claim, self.rows, self.sender, self.pace = claim, rows, sender, pace
        self.listener = Listener(claim, stop)
        self.settled: dict[int, Settled] = {}
        self.waiting: list[tuple[float, int, Outcome]] = []
        self.tries: dict[int, int] = {}
        self.next_new = self.settled_end = claim.slice.next_index
        self.committed_at = time.monotonic()
        self.send_not_before = self.commit_not_before = 0.0

    def run(self) -> Claim | None:
        """Perform the slice until it is done or to be given back; returns better work."""
        try:
            self.go()
        except BaseException:
            if self.listener.better:
                self.listener.better.release()
            raise
        return self.listener.better

    def go(self) -> None:
        """Feed, collect, beat and commit."""
        self.beat()
        while self.claim.slice.next_index < len(self.rows):
            if self.listener.order is not Order.GO_ON:
                self.drain()
                break
            self.feed()
            if not self.sender.in_flight:
                time.sleep(IDLE_SECONDS)
            self.absorb(self.sender.collect(0.05))
            if self.listener.is_due:
                self.beat()
            self.commit_if_due(time.monotonic())

    def beat(self) -> None:
        self.listener.beat(self.settled.values())

    # ---- sending

    def feed(self) -> None:
        """Start as many rows as the sender has room for, retries first."""
        now = time.monotonic()
        self.sender.limit = self.pace.limit
        if now < self.send_not_before:
            return
        for _ in range(min(1, self.sender.room) if self.pace.pause else self.sender.room):
            if not self.claim.lease.is_safe:
                break
            if self.waiting and self.waiting[0][0] <= now:
                self.send(heapq.heappop(self.waiting)[1])
            elif self.next_new < self.claim.slice.started_upto:
                self.next_new += 1
                self.send(self.next_new - 1)
            else:
                break
        self.send_not_before = now + self.pace.pause

    def send(self, index: int) -> None:
        """Start one row, unless it can have only one outcome."""
        try:
            self.sender.send(index, target_of(self.rows[index]))
        except MissingVersion:
            self.settled[index] = MISSING_VERSION

    def absorb(self, outcomes: list[tuple[int, Outcome]]) -> None:
        """Take what the store said: final, to be tried again, or deferred (design decision 13)."""
        for index, outcome in outcomes:
            self.pace.note(throttled=outcome.again is Again.THROTTLED)
            match outcome.again:
                case Again.NEVER:
                    self.settled[index] = outcome
                case Again.FAULT:
                    self.try_again(index, outcome)
                case Again.TEMPORARY:
                    self.settled[index] = verdicts.later(self.claim.slice, outcome)
                case Again.THROTTLED:
                    self.wait(index, outcome, backoff(1, base=0.5, cap=2.0))

    def try_again(self, index: int, outcome: Outcome) -> None:
        """Up to three tries here, then a later round."""
        tries = self.tries[index] = self.tries.get(index, 0) + 1
        if tries < TRIES:
            self.wait(index, outcome, backoff(tries, base=0.2, cap=2.0))
        else:
            self.settled[index] = verdicts.later(self.claim.slice, outcome)

    def wait(self, index: int, outcome: Outcome, seconds: float) -> None:
        heapq.heappush(self.waiting, (time.monotonic() + seconds, index, outcome))

    # ---- committing

    def commit_if_due(self, now: float) -> None:
        """Commit what has settled in order: at the end, every PART_SECONDS, and when the window is
        used up.
        """
        late = now - self.committed_at >= PART_SECONDS
        if late and self.waiting:
            self.defer_throttled()
        end = self.settled_upto()
        start, size = self.claim.slice.next_index, len(self.rows)
        used_up = end == self.claim.slice.started_upto
        if end > start and (end == size or late or used_up or self.runs_low(end)):
            self.adjust_window(now)
            self.try_commit(end, now)
        elif used_up and late:
            self.extend(now)

    def runs_low(self, end: int) -> bool:
        """True where a commit now keeps the sender from running out of rows to start."""
        upto = self.claim.slice.started_upto
        if upto == len(self.rows) or upto - self.next_new > self.pace.window // 4:
            return False
        return end - self.claim.slice.next_index > self.pace.window // 2

    def try_commit(self, end: int, now: float) -> None:
        """Commit, or keep what has settled for a later try while the database is away."""
        if now < self.commit_not_before:
            return
        try:
            self.commit(end)
        except (OperationalError, InterfaceError) as error:
            self.listener.bear(error)
            self.commit_not_before = now + PART_SECONDS

    def extend(self, now: float) -> None:
        """Ask for rows to start. Where the first thousand of the job are still being waited for
        there may be none; then the lane is free for the slices that hold them.
        """
        extend(self.claim, self.pace.window)
        self.committed_at = now
        if self.claim.slice.started_upto == self.claim.slice.next_index:
            self.listener.order = Order.PAUSE

    def settled_upto(self) -> int:
        """The end of the stretch that is settled without a gap."""
        while self.settled_end in self.settled:
            self.settled_end += 1
        return self.settled_end

    def defer_throttled(self) -> None:
        """Rows that the store will not take now wait in a retry slice instead of holding back the
        part.
        """
        kept = []
        for due, index, outcome in self.waiting:
            if outcome.again is Again.THROTTLED:
                self.settled[index] = verdicts.later(self.claim.slice, outcome)
            else:
                kept.append((due, index, outcome))
        heapq.heapify(kept)
        self.waiting = kept

    def adjust_window(self, now: float) -> None:
        """Reserve about as many rows as a part's time takes."""
        spent, pace = now - self.committed_at, self.pace
        if spent < PART_SECONDS / 2:
            pace.window = min(pace.window * 2, LARGEST_WINDOW)
        elif spent > 2 * PART_SECONDS:
            pace.window = max(pace.window // 2, FIRST_WINDOW)

    def commit(self, end: int, *, release: bool = False) -> None:
        start = self.claim.slice.next_index
        stretch = [self.settled[index] for index in range(start, end)]
        begun = leases.boot_clock()
        commit(self.claim, self.rows, stretch, window=self.pace.window, release=release)
        for index in range(start, end):
            del self.settled[index]
            self.tries.pop(index, None)
        self.claim.lease.renewed_at = begun
        self.committed_at = time.monotonic()
        if self.claim.job.state in ENDING:
            self.listener.order = Order.END

    # ---- stopping

    def drain(self) -> None:
        """Wait for what is in flight, settle what has no answer, commit, give the slice back."""
        deadline = time.monotonic() + DRAIN_SECONDS
        while self.sender.in_flight and time.monotonic() < deadline:
            for index, outcome in self.sender.collect(0.05):
                self.settled[index] = self.last_word(outcome)
            self.listener.renew_when_due()
        for index in self.sender.abandon():
            self.settled[index] = self.last_word(NO_ANSWER)
        for _, index, outcome in self.waiting:
            self.settled[index] = self.last_word(outcome)
        self.waiting = []
        end = self.settled_upto()
        if end > self.claim.slice.next_index:
            self.commit(end, release=True)
        else:
            self.claim.release()

    def last_word(self, outcome: Outcome) -> Settled:
        """What a lane that stops makes of an outcome."""
        return verdicts.last_word(
            self.claim.slice, outcome, ending=self.listener.order is Order.END
        )
