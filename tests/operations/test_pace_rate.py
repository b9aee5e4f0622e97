"""The ceiling on requests per second: kept exactly, without drift, and open to change."""

from __future__ import annotations

import pytest

from operations.pace import UNLIMITED, WINDOW, Pace


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pace(clock: Clock) -> Pace:
    return Pace(64, clock=clock)


def start_all(pace: Pace, clock: Clock, seconds: float, step: float = 0.01) -> list[float]:
    """Start whatever is allowed, asking every `step` seconds; when each request was started."""
    begun, started = clock.now, []
    for turn in range(1, int(seconds / step + 1e-6) + 1):
        clock.now = begun + turn * step
        allowed = pace.allowed(clock.now)
        pace.spend(allowed)
        started += [clock.now - begun] * allowed
    return started


def test_without_a_ceiling_any_number_is_allowed(pace: Pace, clock: Clock) -> None:
    pace.spend(1_000_000)

    assert pace.rate is None
    assert pace.allowed(clock.now) == UNLIMITED


@pytest.mark.parametrize("step", [0.001, 0.007, 0.05, 0.061, 0.099])
@pytest.mark.parametrize("rate", [0.5, 1, 3, 7.3, 11, 50, 333, 1_000 / 3, 4_999, 20_000])
def test_the_rate_is_kept_over_ten_seconds_however_often_it_is_asked_for(
    pace: Pace, clock: Clock, rate: float, step: float
) -> None:
    pace.rate = rate

    started = len(start_all(pace, clock, 10, step))

    assert rate * 10 - max(1, rate * 0.2) <= started <= rate * 10


@pytest.mark.parametrize("rate", [0.5, 1, 3, 7.3])
def test_a_slow_rate_does_not_drift_over_hours(pace: Pace, clock: Clock, rate: float) -> None:
    pace.rate = rate

    started = len(start_all(pace, clock, 7200, 0.09))

    assert started == pytest.approx(rate * 7200, abs=1)


def test_requests_are_spread_over_the_second(pace: Pace, clock: Clock) -> None:
    pace.rate = 10

    started = start_all(pace, clock, 1)

    assert started == pytest.approx([0.1 * number for number in range(1, 11)])


def test_a_ceiling_begins_with_nothing_saved(clock: Clock) -> None:
    """Short jobs have a pace each: one request given away at each start would break the ceiling of
    their store.
    """
    pace = Pace(64, clock=clock)
    clock.now += 100

    pace.rate = 1

    assert pace.allowed(clock.now) == 0
    assert start_all(pace, clock, 1) == pytest.approx([1])


@pytest.mark.parametrize(("rate", "burst"), [(0.5, 1), (1, 1), (9, 1), (50, 6), (20_000, 2_001)])
def test_what_was_not_used_is_made_up_for_by_a_tenth_of_a_second_and_no_more(
    pace: Pace, clock: Clock, rate: float, burst: int
) -> None:
    pace.rate = rate

    clock.now += 3600

    assert pace.allowed(clock.now) == burst


def test_more_than_was_allowed_is_paid_back(pace: Pace, clock: Clock) -> None:
    pace.rate = 10
    pace.spend(5)

    started = start_all(pace, clock, 1)

    assert (len(started), started[0]) == (5, pytest.approx(0.6))


def test_setting_the_same_rate_again_gives_nothing_away(pace: Pace, clock: Clock) -> None:
    started = 0

    for _ in range(100):
        pace.rate = 5
        started += len(start_all(pace, clock, 0.1))

    assert started == pytest.approx(50, abs=1)


def test_another_rate_holds_at_once(pace: Pace, clock: Clock) -> None:
    pace.rate = 1_000
    clock.now += 1

    pace.rate = 10
    slow = len(start_all(pace, clock, 10))
    pace.rate = 100
    fast = len(start_all(pace, clock, 10))
    pace.rate = None

    assert slow == pytest.approx(100, abs=2)
    assert fast == pytest.approx(1_000, abs=2)
    assert pace.allowed(clock.now) == UNLIMITED


def test_a_rate_of_nothing_stops_until_there_is_another(pace: Pace, clock: Clock) -> None:
    pace.rate = 0.0
    assert start_all(pace, clock, 10) == []

    pace.rate = 10
    assert len(start_all(pace, clock, 1)) == 10


def test_a_moment_before_the_last_one_gives_nothing_and_takes_nothing(
    pace: Pace, clock: Clock
) -> None:
    pace.rate = 10

    assert pace.allowed(clock.now - 5) == 0
    clock.now += 0.1
    assert pace.allowed(clock.now) == 1


# ---- silence and modest beginnings


def window(pace: Pace, clock: Clock, *, silent: int = 0, fine: int = 0) -> None:
    """Tell of these outcomes within one window, and let the last of them end it."""
    outcomes = [True] * silent + [False] * fine
    for number, timed_out in enumerate(outcomes, start=1):
        clock.now += WINDOW if number == len(outcomes) else 0
        pace.hear(1, int(timed_out))


def test_falls_when_more_than_a_tenth_gets_no_reply(pace: Pace, clock: Clock) -> None:
    window(pace, clock, silent=2, fine=18)
    assert pace.limit == 64

    window(pace, clock, silent=2, fine=17)
    assert pace.limit == 44


def test_silence_and_throttling_add_up(pace: Pace, clock: Clock) -> None:
    pace.hear(1, 1)
    pace.hear(1, 1)
    pace.hear(16, 0)
    clock.now += WINDOW
    pace.hear(1, 0)

    assert pace.limit == 44


def test_a_modest_beginning_grows_to_the_maximum_while_all_is_well(clock: Clock) -> None:
    pace = Pace(64, start=8, clock=clock)

    limits = [pace.limit]
    while pace.limit < 64:
        window(pace, clock, fine=pace.limit)
        limits.append(pace.limit)

    assert limits[:4] == [8, 9, 10, 11]
    assert len(limits) * WINDOW < 15


def test_what_nobody_knows_yet_is_explored_by_doubling_until_the_first_trouble(
    clock: Clock,
) -> None:
    pace = Pace(256, start=32, explore=True, clock=clock)
    limits = []
    for troubled in (0, 0, 0, 1, 0, 0):
        clock.now += 0.25
        pace.hear(1, troubled)
        limits.append(pace.limit)

    assert limits == [64, 128, 256, 179, 187, 196]
