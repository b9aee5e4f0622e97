"""How many requests a key may make in a minute, whatever the door."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.utils.connection import ConnectionProxy
from redis.exceptions import ConnectionError as RedisAway

from jobs import throttle

START = 1_900_000_020  # the beginning of a minute


@pytest.fixture(autouse=True)
def clock(settings: Any) -> Iterator[time_machine.Coordinates]:
    settings.LADING_API_RATE = 10
    with time_machine.travel(START, tick=False) as moved:
        yield moved


@pytest.fixture
def key() -> str:
    """One that no other test counts, also where the cache outlives the test."""
    return f"test {uuid.uuid4()}"


def allowed(key: str, times: int) -> int:
    """How many of so many requests at once are let through."""
    return sum(throttle.over_limit(key) is None for _ in range(times))


def test_as_many_as_the_rate_are_let_through_and_no_more(key: str) -> None:
    assert allowed(key, 25) == 10


def test_each_key_has_its_own_count(key: str) -> None:
    allowed(key, 25)

    assert allowed(f"{key} of another", 25) == 10


@pytest.mark.parametrize("passed", [0, 1, 17, 59.5])
def test_who_waits_as_long_as_told_is_let_through(
    key: str, clock: time_machine.Coordinates, passed: float
) -> None:
    clock.shift(passed)
    allowed(key, 10)
    wait = throttle.over_limit(key)

    assert wait is not None
    clock.shift(wait - 0.5)
    assert throttle.over_limit(key) is not None, "not half a second earlier"
    clock.shift(0.6)
    assert throttle.over_limit(key) is None


def test_who_was_refused_and_asks_on_is_not_refused_for_longer(
    key: str, clock: time_machine.Coordinates
) -> None:
    allowed(key, 10)
    wait = throttle.over_limit(key)
    assert wait is not None
    allowed(key, 500)

    clock.shift(wait + 0.1)

    assert throttle.over_limit(key) is None


def test_a_minute_does_not_begin_anew_at_its_border(
    key: str, clock: time_machine.Coordinates
) -> None:
    clock.shift(59)
    assert allowed(key, 10) == 10

    clock.shift(2)

    assert allowed(key, 10) == 0, "twelve seconds' worth would be two, but these came just now"


def test_whoever_keeps_to_the_rate_is_never_refused(
    key: str, clock: time_machine.Coordinates
) -> None:
    for _ in range(60):
        assert throttle.over_limit(key) is None
        clock.shift(6.7)


def test_none_is_no_limit(key: str, settings: Any) -> None:
    settings.LADING_API_RATE = 0

    assert allowed(key, 1000) == 1000


def test_a_cache_that_is_away_limits_nobody(
    key: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*_: object, **__: object) -> None:
        raise RedisAway("Connection refused.")

    class Away:
        get = add = incr = staticmethod(away)

    monkeypatch.setattr(throttle, "cache", Away())

    assert allowed(key, 25) == 25
    assert "Connection refused." in caplog.text


def test_nobody_is_refused_where_a_full_cache_drops_the_count(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "add", lambda *_, **__: False)

    assert allowed(key, 25) == 25


def test_the_cache_is_one_that_counts_for_several_threads() -> None:
    assert isinstance(cache, ConnectionProxy)
    name = f"test-{uuid.uuid4()}"
    cache.add(name, 0)

    assert (cache.incr(name, 1), cache.incr(name, -1)) == (1, 0)
