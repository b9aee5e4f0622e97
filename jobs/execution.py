"""One slice, from its first uncommitted row to its last part.

The lane's main thread is the coordinator: it feeds the sender, beats, and commits; the sender's
threads talk to the store and touch no database. Rows are started in order inside a window that was
reserved in the database before, so what a dead lane may have started is always known. What settles
in order is committed at least every PART_SECONDS; a row that must wait is deferred into a retry
slice rather than hold back the rest (design decisions 5, 6, 13).
"""

from __future__ import annotations

import time
from collections.abc import Callable

from jobs import leases, results
from jobs.commits import commit, extend
from jobs.database import AWAY
from jobs.lanes import Claim, SliceClaim
from jobs.leftovers import CRASHES_TO_SPLIT, split
from jobs.listening import Listener, Order
from jobs.sending import Sending
from jobs.status import JobStatus
from jobs.threshold import has_reached, widest
from operations.pace import FIRST_WINDOW, Pace
from operations.sender import Sender

PART_SECONDS = 1.0
SOON_SECONDS = 0.1
"""The least seconds between two parts where one of them may end the job."""
COLLECT_SECONDS = 0.05
IDLE_SECONDS = 0.01
DRAIN_SECONDS = 5.0
"""How long a lane that leaves its slice waits for answers; the engine has ten seconds to stop."""

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
    """A slice being performed."""

    def __init__(
        self,
        claim: SliceClaim,
        rows: list[bytes],
        sender: Sender,
        pace: Pace,
        stop: Callable[[], bool],
    ) -> None:
        self.claim, self.size, self.pace = claim, len(rows), pace
        self.rows = rows
        self.listener = Listener(claim, stop, pace)
        self.sending = Sending(claim, rows, sender, pace)
        self.committed_at = time.monotonic()
        self.write_not_before = 0.0

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
        while self.claim.slice.next_index < self.size:
            if self.listener.is_told_to_stop:
                self.drain()
                break
            self.sending.feed()
            if not self.sending.sender.in_flight:
                time.sleep(IDLE_SECONDS)
            self.sending.collect(COLLECT_SECONDS)
            if self.listener.is_due:
                self.beat()
            self.commit_if_due(time.monotonic())

    def beat(self) -> None:
        self.listener.beat(self.sending.settled.values())
        self.pace.rate = self.listener.rate

    # ---- committing

    def commit_if_due(self, now: float) -> None:
        """Commit what has settled in order: at the end, in time, and before rows run out."""
        spent = now - self.committed_at
        late = spent >= PART_SECONDS or (spent >= SOON_SECONDS and self.has_failed_enough)
        if self.sending.waiting and (late or self.has_better_to_do):
            self.sending.defer_throttled()
        end = self.sending.settled_upto()
        used_up = end == self.claim.slice.started_upto
        if end > self.claim.slice.next_index and (
            end == self.size or late or used_up or self.runs_low(end)
        ):
            self.adjust_window(now)
            self.attempt(lambda: self.commit(end), now)
        elif late and (used_up or self.sending.is_starved):
            self.adjust_window(now)
            self.attempt(lambda: self.extend(now), now)

    @property
    def has_failed_enough(self) -> bool:
        """True where what is to be committed may reach the failures that the job may have."""
        job, failures = self.claim.job, self.sending.failures
        return failures > 0 and has_reached(job, job.failed + failures)

    @property
    def has_better_to_do(self) -> bool:
        """True where only rows that wait keep the lane from other rows of the job."""
        job, left = self.claim.job, self.size - self.claim.slice.next_index
        return self.sending.is_out_of_rows and job.total_tasks - job.executed > left

    def runs_low(self, end: int) -> bool:
        """True where a commit now keeps the sender from running out of rows to start."""
        upto = self.claim.slice.started_upto
        if upto == self.size or upto - self.sending.next_new > self.pace.window // 4:
            return False
        return end - self.claim.slice.next_index > self.pace.window // 2

    def attempt(self, writing: Callable[[], None], now: float) -> None:
        """Write, or keep what is to be written for a later try while the database is away."""
        if now < self.write_not_before:
            return
        try:
            writing()
        except AWAY as error:
            self.listener.bear(error)
            self.write_not_before = now + PART_SECONDS

    def extend(self, now: float) -> None:
        """Ask for rows to start. Where the first thousand of the job are still being waited for
        there may be none; then the lane is free for the slices that hold them.
        """
        extend(self.claim, self.pace.window)
        self.committed_at = now
        if self.claim.slice.started_upto == self.claim.slice.next_index:
            self.listener.order = Order.PAUSE

    def adjust_window(self, now: float) -> None:
        """Reserve about as many rows as a part's time takes, and more while a slow row holds back
        the part.
        """
        spent, pace = now - self.committed_at, self.pace
        if spent < PART_SECONDS / 2 or self.sending.is_starved:
            pace.window = min(pace.window * 2, widest(self.claim.job))
        elif spent > 2 * PART_SECONDS:
            pace.window = max(pace.window // 2, FIRST_WINDOW)

    def commit(self, end: int, *, release: bool = False) -> None:
        start = self.claim.slice.next_index
        stretch = self.sending.take(start, end)
        begun = leases.boot_clock()
        commit(self.claim, self.rows, stretch, window=self.pace.window, release=release)
        self.sending.forget(start, end)
        self.claim.lease.renewed_at = begun
        self.committed_at = time.monotonic()
        if self.claim.job.state in ENDING:
            self.listener.order = Order.END

    # ---- stopping

    def drain(self) -> None:
        """Wait for what is in flight, settle what has no answer, commit, give the slice back."""
        ending = self.listener.order is Order.END
        deadline = time.monotonic() + DRAIN_SECONDS
        while self.sending.sender.in_flight and time.monotonic() < deadline:
            self.sending.last_answers(COLLECT_SECONDS, ending=ending)
            self.listener.stay(self.sending.settled.values())
        self.sending.abandon(ending=ending)
        while not self.gives_back(deadline):
            time.sleep(COLLECT_SECONDS)

    def gives_back(self, deadline: float) -> bool:
        """Commit what is settled, and give the slice back; False where the database is away and may
        come back in time.
        """
        end = self.sending.settled_upto()
        try:
            if end > self.claim.slice.next_index:
                self.commit(end, release=True)
            else:
                self.claim.release()
        except AWAY as error:
            if time.monotonic() > deadline:
                raise
            self.listener.bear(error)
            return False
        return True
