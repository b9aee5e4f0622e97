"""Threads that list the ranges of a bucket side by side, and cut them for those that are idle.

Each range is listed by one thread, in order; what is found waits, a bounded number of entries, for
whoever takes it. A thread without a range tries to cut the one of which most remains.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Condition, Thread
from typing import TYPE_CHECKING

from jobs.errors import JobFailure
from jobs.manifests.askers import Askers, Closed
from jobs.manifests.keyspace import Alphabet
from jobs.manifests.lister import Position
from jobs.manifests.pages import Entry
from jobs.manifests.ranges import Cut, Range

if TYPE_CHECKING:
    from jobs.manifests.criteria import Criteria
    from jobs.manifests.lister import Lister

AHEAD = 2000
"""How many entries may wait, for each thread."""
SPARE_TRIES = 2
ASKED_AT_A_TIME = 100
EMPTY_COSTS = 10
"""What an entry of the queue without an object counts for among those that may wait."""
WAIT_SECONDS = 0.5
LEAST_WEIGHT = 0.2
"""A range of which less than this many pages seems to remain is seldom cut."""
DOUBTFUL_COSTS = 4
"""What a try at such a range counts for among the tries that are left."""


@dataclass(slots=True)
class Found:
    """Consecutive entries of a range, and where the range goes on; None at its end."""

    range: Range
    entries: list[Entry]
    end: Position | None

    @property
    def cost(self) -> int:
        """How much of what may wait this is."""
        return len(self.entries) + EMPTY_COSTS


class Crawl:
    """The ranges, what was found in them, and the threads; `lock` guards all of it."""

    def __init__(
        self, lister: Lister, criteria: Criteria, page_size: int, threads: int, askers: int
    ) -> None:
        self.lock = Condition()
        self.found: deque[Found] = deque()
        self.unfinished: list[Range] = []
        self.failure: BaseException | None = None
        self.is_open = False
        self.stopped = False
        self.waiting = 0
        self._lister, self._criteria, self._page_size = lister, criteria, page_size
        self._threads = threads
        self._todo: deque[Range] = deque()
        self._listing: list[Range] = []
        self._alphabet = Alphabet()
        self._tries = SPARE_TRIES
        self._askers = Askers(self._criteria.are_met_when_asked, askers)

    def start(self, begin: Callable[[], list[Range]]) -> None:
        """Begin to list, in the background; `begin` gives the ranges once `order` is known."""
        Thread(target=self._open, args=(begin,), daemon=True, name="lister-0").start()

    def _open(self, begin: Callable[[], list[Range]]) -> None:
        try:
            self._lister.learn_order()
            self._criteria.begin()
        except BaseException as error:  # raised again by whoever takes
            self.fail(error)
            return
        with self.lock:
            self.unfinished = begin()
            self._todo += self.unfinished
            self.is_open = True
            self.lock.notify_all()
        if self._criteria.needs_asking:
            self._askers.start()
        for number in range(1, self._threads):
            Thread(target=self._work, daemon=True, name=f"lister-{number}").start()
        self._work()

    @property
    def is_over(self) -> bool:
        """True once everything that was found has been taken."""
        return self.is_open and not self.unfinished

    def close(self) -> None:
        """Let each thread end after its present request; waits for none."""
        with self.lock:
            self.stopped = True
            self.lock.notify_all()
        self._askers.close()

    def fail(self, error: BaseException) -> None:
        """End all threads; whoever takes next is told why."""
        with self.lock:
            self.failure = self.failure or error
        self.close()

    # ---- a thread

    def _work(self) -> None:
        try:
            while (range_ := self._next()) is not None:
                self._list(range_)
        except Closed:
            pass
        except BaseException as error:  # raised again by whoever takes
            self.fail(error)

    def _next(self) -> Range | None:
        """The next range to list, cut from another where none waits; None at the end of all."""
        with self.lock:
            while not self.stopped and (self._todo or self._listing):
                if self._todo:
                    self._listing.append(self._todo.popleft())
                    return self._listing[-1]
                if chosen := self._choose():
                    self._try(*chosen)
                else:
                    self.lock.wait(WAIT_SECONDS)
            self.lock.notify_all()
            return None

    def _choose(self) -> tuple[Range, Cut, int] | None:
        """The range of which most remains, with a place to cut it, and what the try costs."""
        if not self._lister.can_begin_anywhere or self.waiting > self._threads * AHEAD // 2:
            return None
        ready = [range_ for range_ in self._listing if range_.pages and not range_.is_tried]
        weights = {id(range_): range_.weight(self._alphabet) for range_ in ready}
        for range_ in sorted(ready, key=lambda one: -weights[id(one)]):
            cost = DOUBTFUL_COSTS if weights[id(range_)] < LEAST_WEIGHT else 1
            if self._tries < cost:
                return None
            if cut := range_.cut(self._alphabet):
                return range_, cut, cost
        return None

    def _try(self, range_: Range, cut: Cut, cost: int) -> None:
        """See what lies beyond a place, without the lock meanwhile.

        As many tries may be made in vain as pages were listed, so that few objects cost few.
        """
        range_.is_tried = True
        self._tries -= cost
        self.lock.release()
        try:
            found = self._lister.first_key(range_.prefix, cut.place)
        finally:
            self.lock.acquire()
        range_.is_tried = False
        if found:
            self._alphabet.learn([found])
        if range_ in self._listing and (upper := range_.divide(cut, found)):
            self._tries += cost
            self._todo.append(upper)
            self.unfinished.append(upper)
        self.lock.notify_all()

    def _list(self, range_: Range) -> None:
        """List a range to its end, page after page, unless all are told to end."""
        more = True
        while more and not self.stopped:
            page = self._lister.page(range_.prefix, range_.listed, self._page_size)
            with self.lock:
                (entries, end), outside = range_.accept(page)
                until, neighbour = range_.until, range_.neighbour
                self._lister.listed += len(entries)
                self._tries += 1
                self._alphabet.learn([entry.key for entry in entries[::50]])
                more = end is not None
                if not more:
                    self._listing.remove(range_)
                self.lock.notify_all()
            if outside is not None and until is not None and outside != neighbour:
                self._verify(range_.prefix, until, outside)
            for chunk in self._chunks(range_, entries, end):
                self._offer(chunk)

    def _verify(self, prefix: str, until: str, outside: str) -> None:
        """Make sure that the key after the end of a range is the first one of the range above it.

        Otherwise the store orders keys in another way than we do, and some would be listed by
        nobody. An object that has come or gone meanwhile is no such sign.
        """
        first = self._lister.first_key(prefix, until)
        if first is not None and first <= outside:
            return
        if self._lister.first_key(outside, "") == outside:
            raise JobFailure(
                "ManifestGenerationFailed",
                f"The store does not list the bucket {self._lister.bucket} as S3 does: its keys "
                "are not in order.",
            )

    # ---- what was found

    def _chunks(self, range_: Range, entries: list[Entry], end: Position | None) -> Iterator[Found]:
        """The entries of a page that are wanted, bit by bit where each has to be asked for."""
        unfolded = self._lister.unfolded(entries)
        wanted = [entry for entry in unfolded if self._criteria.are_met_by(entry)]
        if not self._criteria.needs_asking:
            yield Found(range_, wanted, end)
            return
        for begin in range(0, len(wanted), ASKED_AT_A_TIME):
            asked = wanted[begin : begin + ASKED_AT_A_TIME]
            answers = self._askers.ask(asked)
            last = Position(self._lister.fold(asked[-1].key), asked[-1].version_id)
            yield Found(range_, [e for e, right in zip(asked, answers, strict=True) if right], last)
        yield Found(range_, [], end)

    def _offer(self, found: Found) -> None:
        """Let what was found wait to be taken, once there is room for it."""
        with self.lock:
            while self.waiting > self._threads * AHEAD and not self.stopped:
                self.lock.wait(WAIT_SECONDS)
            self.found.append(found)
            self.waiting += found.cost
            self.lock.notify_all()
