"""How the pace follows what the store bears (design decision 13)."""

import pytest

from operations.pace import FIRST_PAUSE, LONGEST_PAUSE, OF_LATE, WINDOW, Meter, Pace, backoff


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def window(pace, clock, *, throttled=0, fine=0):
    """Tell of these outcomes within one window, and let the last of them end it."""
    outcomes = [True] * throttled + [False] * fine
    for outcome in outcomes[:-1]:
        pace.hear(1, int(outcome))
    clock.now += WINDOW
    pace.hear(1, int(outcomes[-1]))


def test_starts_at_the_maximum_unless_told_otherwise(clock):
    assert Pace(64, clock=clock).limit == 64
    assert Pace(64, start=8, clock=clock).limit == 8
    assert Pace(64, start=100, clock=clock).limit == 64


def test_falls_by_three_tenths_when_more_than_a_tenth_is_throttled(clock):
    pace = Pace(100, clock=clock)

    window(pace, clock, throttled=2, fine=17)

    assert pace.limit == 70


def test_a_tenth_throttled_is_borne(clock):
    pace = Pace(100, start=40, clock=clock)

    window(pace, clock, throttled=2, fine=18)

    assert pace.limit == 42


def test_a_burst_within_one_window_counts_once(clock):
    pace = Pace(100, clock=clock)

    for _ in range(1000):
        pace.hear(1, 1)
    assert pace.limit == 100
    window(pace, clock, throttled=10)
    assert pace.limit == 70


def test_rises_by_a_twentieth_and_by_one_at_least_up_to_the_maximum(clock):
    pace = Pace(43, start=2, clock=clock)

    window(pace, clock, fine=5)
    assert pace.limit == 3
    pace.limit = 40
    window(pace, clock, fine=5)
    assert pace.limit == 42
    window(pace, clock, fine=5)
    assert pace.limit == 43


def test_never_falls_below_one(clock):
    pace = Pace(3, clock=clock)

    for _ in range(20):
        window(pace, clock, throttled=1)

    assert pace.limit == 1


def test_pauses_longer_and_longer_when_one_at_a_time_is_too_much(clock):
    pace = Pace(1, clock=clock)

    pauses = []
    for _ in range(12):
        window(pace, clock, throttled=1)
        pauses.append(pace.pause)

    assert pauses[:3] == [FIRST_PAUSE, FIRST_PAUSE * 2, FIRST_PAUSE * 4]
    assert pauses[-1] == LONGEST_PAUSE


def test_drops_the_pause_before_it_raises_the_limit(clock):
    pace = Pace(8, start=1, clock=clock)
    window(pace, clock, throttled=1)
    window(pace, clock, throttled=1)

    seen = []
    for _ in range(3):
        window(pace, clock, fine=1)
        seen.append((pace.pause, pace.limit))

    assert seen == [(FIRST_PAUSE, 1), (0.0, 1), (0.0, 2)]


def test_a_lower_maximum_holds_at_once(clock):
    pace = Pace(64, clock=clock)

    pace.maximum = 10
    assert (pace.maximum, pace.limit) == (10, 10)
    pace.maximum = 0
    assert (pace.maximum, pace.limit) == (1, 1)


@pytest.mark.parametrize(("attempt", "most"), [(1, 0.5), (2, 1.0), (3, 2.0), (9, 20.0), (5000, 20)])
def test_backs_off_anywhere_up_to_a_doubling_bound(attempt, most):
    waits = [backoff(attempt, base=0.5, cap=20) for _ in range(500)]

    assert 0 <= min(waits) < most / 4
    assert most * 3 / 4 < max(waits) <= most


# ---- how many tasks are ended


def test_a_meter_tells_the_mean_since_it_began(clock):
    meter = Meter(clock)
    for _ in range(4):
        clock.now += 1
        meter.add(50)

    assert meter.per_second() == 50


def test_a_meter_forgets_what_was_long_ago(clock):
    meter = Meter(clock)
    for tasks in [1000] * 20 + [10] * 20:
        clock.now += 1
        meter.add(tasks)
        meter.per_second()

    assert meter.per_second() == 10


def test_a_meter_that_hears_nothing_more_comes_to_rest(clock):
    meter = Meter(clock)
    clock.now += 1
    meter.add(100)
    assert meter.per_second() == 100

    for _ in range(20):
        clock.now += 1
        rate = meter.per_second()

    assert rate == 0


def test_a_meter_says_nothing_before_a_second_is_over(clock):
    meter = Meter(clock)
    clock.now += 0.2
    meter.add(250)

    assert meter.per_second() == 0


def test_a_meter_keeps_few_marks_however_often_it_is_asked(clock):
    meter = Meter(clock)
    for _ in range(5000):
        clock.now += 0.01
        meter.per_second()

    assert len(meter._marks) <= OF_LATE / (OF_LATE / 20) + 2
