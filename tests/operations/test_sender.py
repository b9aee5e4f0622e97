"""Many requests in flight through libcurl, behind the interface of the threads."""

import threading
from time import monotonic

import pytest

from operations.base import SUCCESSFUL, Target
from tests.operations.http_store import (
    CLOSE,
    TAG,
    HttpStore,
    client_of,
    curl_sender,
    drain,
    error,
    key_of,
    reply,
    send_all,
)


def targets(count, prefix="k"):
    return [Target("photos", f"{prefix}{number}") for number in range(count)]


def wait_until(sender, condition):
    """Let libcurl work until it is so."""
    outcomes, deadline = [], monotonic() + 20
    while not condition() and monotonic() < deadline:
        outcomes += sender.collect(0.02)
    assert condition()
    return outcomes


def test_gives_every_outcome_with_its_index():
    def answer(seen):
        return reply() if int(key_of(seen)[1:]) % 3 else error(404, "NoSuchKey")

    with HttpStore(answer) as store:
        outcomes = send_all(curl_sender(TAG, client_of(store.url), connections=8), targets(200))

    assert sorted(outcomes) == list(range(200))
    for index, outcome in outcomes.items():
        assert outcome.error_code == ("" if index % 3 else "NoSuchKey")
    assert len(store.seen) == 200


def test_connections_are_kept_and_used_again():
    with HttpStore() as store:
        sender = curl_sender(TAG, client_of(store.url), connections=4)
        send_all(sender, targets(100))
        send_all(sender, targets(100))

    assert store.connections <= 4


def test_a_store_that_closes_every_connection_gets_new_ones():
    with HttpStore(lambda _: [reply(), CLOSE]) as store:
        outcomes = send_all(curl_sender(TAG, client_of(store.url)), targets(30))

    assert set(outcomes.values()) == {SUCCESSFUL}
    assert store.connections == 30


def test_a_connection_that_the_store_closed_while_idle_costs_no_try():
    with HttpStore() as store:
        sender = curl_sender(TAG, client_of(store.url), connections=1)
        first = send_all(sender, targets(1))
        for each in list(store.open):
            each.shutdown(2)
        second = send_all(sender, targets(1))

    assert first == second == {0: SUCCESSFUL}
    assert store.connections == 2


def test_three_hundred_requests_are_in_flight_at_once(slow_store, gate):
    sender = curl_sender(TAG, client_of(slow_store.url), connections=300)
    for index, target in enumerate(targets(300)):
        sender.send(index, target)

    wait_until(sender, lambda: slow_store.answering == 300)
    assert (sender.in_flight, sender.room) == (300, 0)
    gate.set()

    assert drain(sender) == dict.fromkeys(range(300), SUCCESSFUL)


def test_room_is_what_the_limit_leaves(slow_store):
    sender = curl_sender(TAG, client_of(slow_store.url), connections=8)
    assert (sender.most, sender.limit, sender.room) == (8, 8, 8)
    sender.send(0, Target("photos", "a"))

    sender.limit = 3
    assert sender.room == 2
    sender.limit = 0
    assert (sender.room, sender.in_flight) == (0, 1)
    sender.limit = -5
    assert sender.limit == 0
    sender.limit = 100
    assert (sender.limit, sender.room) == (8, 7)


def test_never_more_is_in_flight_than_the_limit_says():
    with HttpStore(lambda _: [0.002, reply()]) as store:
        sender = curl_sender(TAG, client_of(store.url), connections=16)
        sender.limit = 5
        send_all(sender, targets(60))
        assert store.most_answering <= 5

        sender.limit = 16
        send_all(sender, targets(60))
        assert store.most_answering <= 16


def test_collect_waits_no_longer_than_told(slow_store):
    sender = curl_sender(TAG, client_of(slow_store.url))
    sender.send(0, Target("photos", "a"))
    began = monotonic()

    assert sender.collect(0.05) == []
    assert 0.05 <= monotonic() - began < 5


def test_collect_does_not_wait_when_nothing_is_under_way():
    began = monotonic()

    assert curl_sender(TAG, client_of("http://127.0.0.1:1")).collect(10) == []
    assert monotonic() - began < 5


def test_the_outcomes_of_abandoned_targets_never_come(slow_store, gate):
    sender = curl_sender(TAG, client_of(slow_store.url), connections=3)
    for index in (5, 4):
        sender.send(index, Target("photos", f"slow{index}"))
    wait_until(sender, lambda: slow_store.answering == 2)

    assert sender.abandon() == [4, 5]
    assert (sender.in_flight, sender.room) == (0, 3)
    gate.set()
    sender.send(4, Target("photos", "again"))

    assert drain(sender) == {4: SUCCESSFUL}
    assert sender.collect(0.1) == []


def test_an_outcome_that_nobody_collected_is_abandoned_too():
    with HttpStore() as store:
        sender = curl_sender(TAG, client_of(store.url))
        sender.send(0, Target("photos", "a"))
        sender._multi.select(1)
        sender._turn()

        assert sender.abandon() == [0]
        assert sender.collect(0.05) == []


def test_takes_nothing_after_close_but_still_gives_what_was_sent(slow_store, gate):
    sender = curl_sender(TAG, client_of(slow_store.url))
    sender.send(0, Target("photos", "a"))

    sender.close()
    sender.close()
    gate.set()

    assert sender.room == 0
    with pytest.raises(RuntimeError, match="closed"):
        sender.send(1, Target("photos", "b"))
    assert drain(sender) == {0: SUCCESSFUL}


def test_close_hangs_up():
    with HttpStore() as store:
        sender = curl_sender(TAG, client_of(store.url))
        send_all(sender, targets(20))
        assert store.open

        sender.close()

        deadline = monotonic() + 10
        while store.open and monotonic() < deadline:
            threading.Event().wait(0.01)
        assert not store.open


def test_close_after_abandon_hangs_up(slow_store):
    sender = curl_sender(TAG, client_of(slow_store.url))
    sender.send(0, Target("photos", "a"))
    wait_until(sender, lambda: slow_store.answering == 1)

    sender.abandon()
    sender.close()

    assert sender.in_flight == 0
    assert sender.collect(0) == []
