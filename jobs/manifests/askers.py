"""Threads that ask a store about one object each, for whoever waits for the answers in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Generic, TypeVar

Thing = TypeVar("Thing")
WAIT_SECONDS = 0.5


class Closed(Exception):
    """The threads were told to end before they had answered."""


class Question(Generic[Thing]):
    """One thing, its place among others, and where the answer goes."""

    def __init__(self, place: int, thing: Thing, answers: SimpleQueue[Answer]) -> None:
        self.place, self.thing, self.answers = place, thing, answers


Answer = tuple[int, bool, BaseException | None]


class Askers(Generic[Thing]):
    """Asks about many things at a time; may be used by many threads.

    The threads are daemons: a request that hangs keeps neither a caller nor the process waiting.
    """

    def __init__(self, ask: Callable[[Thing], bool], threads: int) -> None:
        self._ask = ask
        self._threads = threads
        self._lock = Lock()
        self._started = False
        self._closed = False
        self._questions: SimpleQueue[Question[Thing] | None] = SimpleQueue()

    def start(self) -> None:
        """Start the threads, unless they were told to end before."""
        with self._lock:
            self._started = not self._closed
            for number in range(self._threads if self._started else 0):
                Thread(target=self._work, daemon=True, name=f"asker-{number}").start()

    def ask(self, things: Sequence[Thing]) -> list[bool]:
        """The answers, in order. Raises what a question raised, and Closed."""
        answers: SimpleQueue[Answer] = SimpleQueue()
        told = [False] * len(things)
        for place, thing in enumerate(things):
            self._questions.put(Question(place, thing, answers))
        for _ in things:
            place, said, error = self._next(answers)
            if error:
                raise error
            told[place] = said
        return told

    def _next(self, answers: SimpleQueue[Answer]) -> Answer:
        while not self._closed:
            try:
                return answers.get(timeout=WAIT_SECONDS)
            except Empty:
                continue
        raise Closed

    def close(self) -> None:
        """Let each thread end after its present request; waits for none."""
        with self._lock:
            if self._started and not self._closed:
                for _ in range(self._threads):
                    self._questions.put(None)
            self._closed = True

    def _work(self) -> None:
        while question := self._questions.get():
            if not self._closed:
                question.answers.put(self._answer(question))

    def _answer(self, question: Question[Thing]) -> Answer:
        try:
            return question.place, self._ask(question.thing), None
        except BaseException as error:  # raised again by whoever asked
            return question.place, False, error
