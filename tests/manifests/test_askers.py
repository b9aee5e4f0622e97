"""Threads that ask about many objects at a time, for several who wait in order."""

from __future__ import annotations

import time
from threading import Barrier, Thread, get_ident

import pytest

from jobs.manifests.askers import Askers, Closed
from tests.manifests.listed import threads_of_readers


def test_answers_come_in_the_order_of_the_questions() -> None:
    def is_even(number: int) -> bool:
        time.sleep((7 * number % 5) / 1000)
        return number % 2 == 0

    askers = Askers(is_even, threads=4)
    askers.start()

    assert askers.ask(range(20)) == [True, False] * 10
    assert askers.ask([]) == []
    askers.close()
    assert threads_of_readers() == []


def test_questions_are_asked_side_by_side_for_everyone() -> None:
    seen: set[int] = set()
    five = Barrier(5, timeout=30)

    def note(_: int) -> bool:
        seen.add(get_ident())
        five.wait()
        return True

    askers = Askers(note, threads=5)
    askers.start()
    waiting = [Thread(target=askers.ask, args=(range(10),)) for _ in range(2)]
    for thread in waiting:
        thread.start()
    for thread in waiting:
        thread.join()
    askers.close()

    assert len(seen) == 5
    assert not five.broken


def test_what_a_question_raises_is_raised_to_who_asked() -> None:
    def refuse(number: int) -> bool:
        if number == 3:
            raise ValueError("three")
        return True

    askers = Askers(refuse, threads=2)
    askers.start()

    with pytest.raises(ValueError, match="three"):
        askers.ask(range(5))
    askers.close()


def test_who_waits_when_the_threads_are_told_to_end_is_told_so() -> None:
    askers = Askers(lambda _: bool(time.sleep(0.1)), threads=1)
    askers.start()
    Thread(target=lambda: (time.sleep(0.15), askers.close())).start()

    with pytest.raises(Closed):
        askers.ask(range(100))
    assert threads_of_readers() == []


def test_threads_that_were_told_to_end_before_they_began_never_begin() -> None:
    askers = Askers(lambda _: True, threads=3)
    askers.close()

    askers.start()

    assert threads_of_readers() == []
