"""One slice, from its first uncommitted row to its last part.

The lane's main thread is the coordinator: it feeds the sender, beats, and commits; the sender's
threads talk to the store and touch no database. Rows are started in order inside a window that was
reserved in the database before, so what a dead lane may have started is always known. What settles
in order is committed at least every PART_SECONDS; a row that must wait is deferred into a retry
slice rather than hold back the rest (design decisions 5, 6, 13).
"""

from __future__ import annotations

import heapq
import logging
import time
from collections.abc import Callable
from enum import Enum, auto

from django.db import DatabaseError, connection

from jobs import lanes, leases, presence, results, verdicts
from jobs.commits import commit, extend
from jobs.database import write
from jobs.lanes import Claim, SliceClaim
from jobs.leases import LeaseLost
from jobs.leftovers import CRASHES_TO_SPLIT, split
from jobs.manifests.rows import MISSING_VERSION, MissingVersion, target_of
from jobs.models import Job
from jobs.retries import Settled
from jobs.status import JobStatus
from jobs.verdicts import NO_ANSWER, TRIES
from operations.base import Again, Outcome
from operations.pace import Pace, backoff
from operations.threads import ThreadSender

logger = logging.getLogger(__name__)

PART_SECONDS = 1.0
IDLE_SECONDS = 0.01
DRAIN_SECONDS = 8.0
LARGEST_WINDOW = 10_000

ENDING = frozenset({JobStatus.CANCELLING, JobStatus.FAILING})


class Order(Enum):
    """What a lane is to do with its slice."""

    GO_ON = auto()
    PAUSE = auto()  #: stop feeding, defer what has no answer, give the slice back
    END = auto()  #: the job is ending: what was sent and got no answer fails with its last error


def execute(
    claim: SliceClaim, sender: ThreadSender, pace: Pace, stop: Callable[[], bool]
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
        sender: ThreadSender,
        pace: Pace,
        stop: Callable[[], bool],
    ) -> None:
        self.claim, self.rows, self.sender, self.pace, self.stop = claim, rows, sender, pace, stop
        self.settled: dict[int, Settled] = {}
        self.waiting: list[tuple[float, int, Outcome]] = []
        self.tries: dict[int, int] = {}
        self.next_new = claim.slice.next_index
        self.window = lanes.FIRST_WINDOW
        self.order = Order.GO_ON
        self.better: Claim | None = None
        self.beaten_at = self.committed_at = time.monotonic()
        self.send_not_before = 0.0

    def run(self) -> Claim | None:
        """Feed, collect, beat and commit until the slice is done or to be given back."""
        self.beat()
        while self.claim.slice.next_index < len(self.rows):
            if self.order is not Order.GO_ON:
                self.drain()
                break
            self.feed()
            if not self.sender.in_flight:
                time.sleep(IDLE_SECONDS)
            self.absorb(self.sender.collect(0.05))
            now = time.monotonic()
            if now - self.beaten_at >= lanes.BEAT_SECONDS:
                self.beat()
            self.commit_if_due(now)
        return self.better

    # ---- sending

    def feed(self) -> None:
        """Start as many rows as the sender has room for, retries first."""
        now = time.monotonic()
        self.sender.limit = self.pace.limit
        while self.sender.room > 0 and now >= self.send_not_before and self.claim.lease.is_safe:
            if self.waiting and self.waiting[0][0] <= now:
                self.send(heapq.heappop(self.waiting)[1])
            elif self.next_new < self.claim.slice.started_upto:
                self.next_new += 1
                self.send(self.next_new - 1)
            else:
                break
            if self.pace.pause:
                self.send_not_before = now + self.pace.pause

    def send(self, index: int) -> None:
        """Start one row, unless it can have only one outcome."""
        try:
            self.sender.send(index, target_of(self.rows[index]))
        except MissingVersion:
            self.settled[index] = MISSING_VERSION

    def absorb(self, outcomes: list[tuple[int, Outcome]]) -> None:
        """Take what the store said: final, to be tried again at once, or to be deferred (design
        decision 13).
        """
        for index, outcome in outcomes:
            self.pace.note(throttled=outcome.again is Again.THROTTLED)
            match outcome.again:
                case Again.NEVER:
                    self.settled[index] = outcome
                case Again.FAULT:
                    self.try_again(index, outcome)
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
        end = self.settled_upto()
        start, size = self.claim.slice.next_index, len(self.rows)
        late = now - self.committed_at >= PART_SECONDS
        if late and self.waiting:
            self.defer_throttled()
            end = self.settled_upto()
        used_up = end == self.claim.slice.started_upto
        if end > start and (end == size or late or used_up):
            self.adjust_window(now, used_up=used_up)
            self.commit(end)
        elif used_up and late:
            extend(self.claim, self.window)
            self.committed_at = now

    def settled_upto(self) -> int:
        """The end of the stretch that is settled without a gap."""
        end = self.claim.slice.next_index
        while end in self.settled:
            end += 1
        return end

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

    def adjust_window(self, now: float, *, used_up: bool) -> None:
        """Reserve about as many rows as a part's time takes."""
        spent = now - self.committed_at
        if used_up and spent < PART_SECONDS / 2:
            self.window = min(self.window * 2, LARGEST_WINDOW)
        elif spent > 2 * PART_SECONDS:
            self.window = max(self.window // 2, lanes.FIRST_WINDOW)

    def commit(self, end: int, *, release: bool = False) -> None:
        start = self.claim.slice.next_index
        stretch = [self.settled[index] for index in range(start, end)]
        begun = leases.boot_clock()
        commit(self.claim, self.rows, stretch, window=self.window, release=release)
        for index in range(start, end):
            del self.settled[index]
            self.tries.pop(index, None)
        self.claim.lease.renewed_at = begun
        self.committed_at = time.monotonic()
        if self.claim.job.state in ENDING:
            self.order = Order.END

    # ---- listening

    def beat(self) -> None:
        """Renew the lease when due, publish provisional counts, and read back what to do.

        While the database is away the lane goes on trying until its lease may have run out, then
        drops the slice.
        """
        self.beaten_at = time.monotonic()
        try:
            with write():
                if self.claim.lease.is_due:
                    self.claim.lease.renew()
                presence.show_lane(
                    self.claim.owner, self.claim.owner.rsplit(":", 2)[0], **self.provisional()
                )
            self.order = self.asked()
            if self.order is Order.GO_ON and not self.claim.lease.is_safe:
                raise LeaseLost("The lease could not be renewed in time.")
        except DatabaseError as error:
            connection.close()
            logger.warning("The database did not answer a beat: %s", error)
            if not self.claim.lease.is_safe:
                raise LeaseLost("The database was away for longer than the lease.") from error

    def provisional(self) -> dict[str, object]:
        """What this lane is at, for the pages: counts that are not committed yet."""
        outcomes = [outcome for outcome in self.settled.values() if isinstance(outcome, Outcome)]
        succeeded = sum(outcome.succeeded for outcome in outcomes)
        return {
            "job_id": self.claim.slice.job_id,
            "slice_id": self.claim.slice.pk,
            "succeeded": succeeded,
            "failed": len(outcomes) - succeeded,
        }

    def asked(self) -> Order:
        """What the job, the engine or a more urgent job asks of this lane."""
        job = Job.objects.only("status", "priority").get(pk=self.claim.slice.job_id)
        match job.state:
            case JobStatus.ACTIVE if not self.stop():
                self.better = self.better or lanes.claim(self.claim.owner, above=job.priority)
                return Order.PAUSE if self.better else Order.GO_ON
            case JobStatus.CANCELLING | JobStatus.FAILING:
                return Order.END
            case JobStatus.ACTIVE | JobStatus.PAUSING:
                return Order.PAUSE
            case status:
                raise LeaseLost(f"The job is {status.value}.")

    # ---- stopping

    def drain(self) -> None:
        """Wait for what is in flight, settle what has no answer, commit, give the slice back."""
        deadline = time.monotonic() + DRAIN_SECONDS
        while self.sender.in_flight and time.monotonic() < deadline:
            for index, outcome in self.sender.collect(0.05):
                self.settled[index] = self.last_word(outcome)
            if self.claim.lease.is_due or (self.better and self.better.lease.is_due):
                self.renew_both()
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

    def renew_both(self) -> None:
        with write():
            self.claim.lease.renew()
            if self.better:
                self.better.lease.renew()

    def last_word(self, outcome: Outcome) -> Settled:
        """What a lane that stops makes of an outcome."""
        return verdicts.last_word(self.claim.slice, outcome, ending=self.order is Order.END)
