"""Many targets in flight through boto3, one thread for each.

For operations that need several calls, or whose request cannot be made from a template.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic

from operations.base import Operation, Outcome, Store, Target
from operations.perform import perform


@dataclass(frozen=True, slots=True)
class Ticket:
    """One target on its way. Its number is its own, as an index may be sent again after abandon."""

    number: int
    index: int
    target: Target


class ThreadSender:
    """Performs an operation on targets in up to `threads` threads; to be used from one thread.

    The threads are daemons: a request that hangs keeps neither a caller nor the process waiting.
    """

    def __init__(self, operation: Operation, store: Store, threads: int) -> None:
        self._operation = operation
        self._store = store
        self._threads = threads
        self._limit = threads
        self._started = 0
        self._closed = False
        self._numbers = itertools.count()
        self._wanted: dict[int, Ticket] = {}
        self._abandoned: set[int] = set()
        self._faults: list[BaseException] = []
        self._ready: list[tuple[int, Outcome]] = []
        self._todo: SimpleQueue[Ticket | None] = SimpleQueue()
        self._done: SimpleQueue[tuple[Ticket, Outcome | BaseException | None]] = SimpleQueue()

    @property
    def most(self) -> int:
        """The greatest limit there can be."""
        return self._threads

    @property
    def limit(self) -> int:
        """How many targets may be in flight: 0 to `threads`. What is in flight stays so."""
        return self._limit

    @limit.setter
    def limit(self, limit: int) -> None:
        self._limit = max(0, min(self._threads, limit))

    @property
    def in_flight(self) -> int:
        """The number of targets sent and not yet collected."""
        return len(self._wanted) + len(self._ready)

    @property
    def room(self) -> int:
        """How many more targets `send` takes now. Abandoned ones take room until they end."""
        if self._closed:
            return 0
        return max(0, self._limit - self.in_flight - len(self._abandoned))

    def send(self, index: int, target: Target) -> None:
        """Start the operation on a target; `index` is the caller's name for it.

        Raises RuntimeError if there is no room, or after `close`.
        """
        if not self.room:
            raise RuntimeError("The sender is closed." if self._closed else "There is no room.")
        if self._started < self.in_flight + len(self._abandoned) + 1:
            Thread(target=self._work, daemon=True, name=f"sender-{self._started}").start()
            self._started += 1
        ticket = Ticket(next(self._numbers), index, target)
        self._wanted[ticket.number] = ticket
        self._todo.put(ticket)

    def collect(self, timeout: float) -> list[tuple[int, Outcome]]:
        """All outcomes there are, after waiting up to `timeout` seconds for the first.

        Returns at once when nothing is under way. An exception that is not an outcome is raised
        here; the outcomes beside it come with the next call.
        """
        deadline = monotonic() + timeout
        self._settle_all()
        while (self._wanted or self._abandoned) and not (self._ready or self._faults):
            try:
                self._settle(*self._done.get(timeout=max(0.0, deadline - monotonic())))
            except Empty:
                break
        self._settle_all()
        if self._faults:
            raise self._faults.pop(0)
        collected, self._ready = self._ready, []
        return collected

    def abandon(self) -> list[int]:
        """Drop all that is in flight, and return its indexes; their outcomes never come.

        What no thread has begun never will be. An exception still comes out of `collect`.
        """
        indexes = [index for index, _ in self._ready]
        indexes += [ticket.index for ticket in self._wanted.values()]
        self._abandoned |= self._wanted.keys()
        self._wanted, self._ready = {}, []
        return sorted(indexes)

    def close(self) -> None:
        """Take no more targets and let each thread end after its last; waits for none."""
        if not self._closed:
            self._closed = True
            for _ in range(self._started):
                self._todo.put(None)

    def _work(self) -> None:
        while ticket := self._todo.get():
            self._done.put((ticket, self._result(ticket)))

    def _result(self, ticket: Ticket) -> Outcome | BaseException | None:
        if ticket.number not in self._wanted:
            return None
        try:
            return perform(self._operation, self._store, ticket.target)
        except BaseException as error:  # raised again by collect
            error.add_note(f"While {self._operation.name} was performed on index {ticket.index}.")
            return error

    def _settle_all(self) -> None:
        while True:
            try:
                self._settle(*self._done.get_nowait())
            except Empty:
                return

    def _settle(self, ticket: Ticket, result: Outcome | BaseException | None) -> None:
        self._abandoned.discard(ticket.number)
        wanted = self._wanted.pop(ticket.number, None)
        if isinstance(result, BaseException):
            self._faults.append(result)
        elif wanted and result:
            self._ready.append((ticket.index, result))
