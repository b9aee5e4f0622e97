"""The hours in which a job may run: a wall clock's, in whatever zone, over midnight and over the
change of summer time.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from jobs import windows
from jobs.errors import InvalidRequest
from jobs.windows import Window

MONDAY = "2026-03-02"
"""In UTC, long before any change of time."""


def window(start: str, end: str, **more: Any) -> Window:
    return Window.parse({"start": start, "end": end, **more})


def utc(moment: str) -> datetime:
    return datetime.fromisoformat(moment).replace(tzinfo=UTC)


def is_open(hours: Window, *moments: str) -> list[bool]:
    return [hours.is_open(utc(moment)) for moment in moments]


# ---- one day


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        ("08:59:59", False),
        ("09:00:00", True),
        ("16:59:59.999", True),
        ("17:00:00", False),
    ],
)
def test_it_is_open_from_the_start_up_to_the_end(at: str, is_open: bool) -> None:
    assert window("09:00", "17:00").is_open(utc(f"{MONDAY}T{at}")) is is_open


@pytest.mark.parametrize("at", ["00:00:00", "09:00:00", "08:59:59", "23:59:59"])
def test_the_same_start_and_end_are_the_whole_day(at: str) -> None:
    assert window("09:00", "09:00").is_open(utc(f"{MONDAY}T{at}"))


def test_it_is_utc_and_every_day_unless_told() -> None:
    assert window("22:00", "06:00").stored() == {
        "start": "22:00",
        "end": "06:00",
        "time_zone": "UTC",
        "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
    }


# ---- over midnight, and days


def test_an_end_before_the_start_is_on_the_next_day() -> None:
    night = window("22:00", "06:00")

    assert is_open(
        night, "2026-03-02T21:59", "2026-03-02T22:00", "2026-03-03T05:59", "2026-03-03T06:00"
    ) == [False, True, True, False]


def test_a_night_belongs_to_the_day_on_which_it_begins() -> None:
    friday_night = window("22:00", "06:00", days=["fri"])

    assert is_open(
        friday_night,
        "2026-03-06T05:00",  # the night before began on Thursday
        "2026-03-06T22:00",
        "2026-03-07T05:59",  # Saturday's morning
        "2026-03-07T22:00",
    ) == [False, True, True, False]


def test_a_whole_day_that_begins_at_noon_lasts_until_the_next_noon() -> None:
    hours = window("12:00", "12:00", days=["sat"])

    assert is_open(
        hours, "2026-03-07T11:59", "2026-03-07T12:00", "2026-03-08T11:59", "2026-03-08T12:00"
    ) == [False, True, True, False]


def test_days_are_kept_in_the_order_of_the_week_and_once() -> None:
    assert window("01:00", "02:00", days=["sun", "mon", "mon"]).days == ["mon", "sun"]


# ---- the clocks of others, and summer time


def test_hours_are_those_of_the_zone() -> None:
    hours = window("09:00", "17:00", time_zone="Asia/Kolkata")  # UTC+5:30

    assert is_open(hours, f"{MONDAY}T03:29", f"{MONDAY}T03:30", f"{MONDAY}T11:30") == [
        False,
        True,
        False,
    ]


def test_days_are_those_of_the_zone() -> None:
    monday = window("00:00", "00:00", time_zone="Pacific/Auckland", days=["mon"])  # UTC+13

    assert is_open(monday, "2026-03-01T10:59", "2026-03-01T11:00", "2026-03-02T11:00") == [
        False,
        True,
        False,
    ]


def test_it_keeps_its_place_in_the_day_when_summer_time_begins() -> None:
    """On 29 March 2026 Berlin goes from 02:00 (UTC+1) to 03:00 (UTC+2)."""
    hours = window("01:30", "04:00", time_zone="Europe/Berlin")

    assert is_open(hours, "2026-03-28T00:30", "2026-03-28T02:59", "2026-03-28T03:00") == [
        True,
        True,
        False,
    ]
    assert is_open(hours, "2026-03-29T00:30", "2026-03-29T01:59", "2026-03-29T02:00") == [
        True,
        True,
        False,
    ], "an hour shorter"


def test_hours_that_summer_time_leaps_over_are_left_out() -> None:
    leapt = window("02:15", "02:45", time_zone="Europe/Berlin")

    assert not any(
        leapt.is_open(utc(f"2026-03-29T{hour:02}:{minute:02}"))
        for hour in range(24)
        for minute in range(60)
    )
    assert is_open(leapt, "2026-03-30T00:15", "2026-03-30T00:45") == [True, False]


def test_an_hour_that_comes_twice_is_open_twice() -> None:
    """On 25 October 2026 Berlin goes from 03:00 (UTC+2) back to 02:00 (UTC+1)."""
    twice = window("02:15", "02:45", time_zone="Europe/Berlin")

    assert is_open(
        twice, "2026-10-25T00:15", "2026-10-25T00:45", "2026-10-25T01:15", "2026-10-25T01:45"
    ) == [True, False, True, False]


# ---- when it opens next


@pytest.mark.parametrize(
    ("hours", "after", "opens"),
    [
        ({}, "2026-03-02T21:59", "2026-03-02T22:00"),
        ({}, "2026-03-02T22:00", "2026-03-03T22:00"),
        ({}, "2026-03-03T05:00", "2026-03-03T22:00"),
        ({"days": ["mon"]}, "2026-03-02T22:00", "2026-03-09T22:00"),
        ({"days": ["sun"]}, "2026-03-02T00:00", "2026-03-08T22:00"),
        ({"time_zone": "America/New_York"}, "2026-03-02T00:00", "2026-03-02T03:00"),
        ({"time_zone": "Europe/Berlin"}, "2026-03-28T22:00", "2026-03-29T20:00"),
    ],
)
def test_it_tells_when_it_opens_next(hours: dict[str, Any], after: str, opens: str) -> None:
    assert window("22:00", "06:00", **hours).opens_after(utc(after)) == utc(opens)


# ---- bad input


@pytest.mark.parametrize(
    ("given", "faults"),
    [
        ("22:00-06:00", {"run_window": "Give start, end, time_zone and days, or null."}),
        ([], {"run_window": "Give start, end, time_zone and days, or null."}),
        ({}, {"run_window.start": "required", "run_window.end": "required"}),
        ({"start": "24:00"}, {"run_window.start": "Give a time of day such as 22:00"}),
        ({"start": "9:00"}, {"run_window.start": "Give a time of day such as 22:00"}),
        ({"start": "22:60"}, {"run_window.start": "Give a time of day such as 22:00"}),
        ({"start": "22:00\n"}, {"run_window.start": "Give a time of day such as 22:00"}),
        ({"start": "२२:००"}, {"run_window.start": "Give a time of day such as 22:00"}),
        ({"end": 6}, {"run_window.end": ""}),
        ({"end": None}, {"run_window.end": ""}),
        ({"time_zone": "Mars/Olympus"}, {"run_window.time_zone": "There is no such time zone"}),
        ({"time_zone": "../etc/passwd"}, {"run_window.time_zone": "There is no such time zone"}),
        ({"time_zone": ""}, {"run_window.time_zone": "There is no such time zone"}),
        ({"time_zone": "UTC\0"}, {"run_window.time_zone": "There is no such time zone"}),
        ({"time_zone": "x" * 65}, {"run_window.time_zone": ""}),
        ({"days": []}, {"run_window.days": ""}),
        ({"days": ["monday"]}, {"run_window.days": ""}),
        ({"days": "mon"}, {"run_window.days": ""}),
        ({"days": ["mon"] * 8}, {"run_window.days": ""}),
        ({"until": "06:00"}, {"run_window.until": ""}),
    ],
)
def test_bad_hours_are_refused_where_they_are(given: Any, faults: dict[str, str]) -> None:
    if isinstance(given, dict) and given:
        given = {"start": "22:00", "end": "06:00", **given}

    with pytest.raises(InvalidRequest) as refused:
        Window.parse(given)

    told = refused.value.fields
    assert {name.removesuffix(".0") for name in told} == set(faults)
    for name, text in faults.items():
        [said] = {text for path, texts in told.items() if path.startswith(name) for text in texts}
        assert text.lower() in said.lower()
        assert said[0].isupper()


def test_a_window_reads_as_people_would_say_it() -> None:
    assert str(window("22:00", "06:00")) == "22:00 to 06:00 UTC"
    weekdays = window("22:00", "06:00", time_zone="Europe/Berlin", days=["tue", "mon"])
    assert str(weekdays) == "22:00 to 06:00 Europe/Berlin on Mon, Tue"


def test_the_zones_of_the_machine_are_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """To look for them takes a tenth of a second, and the ticker reads the hours of every job twice
    a second.
    """
    looked: list[str] = []
    monkeypatch.setattr(windows, "available_timezones", lambda: looked.append("looked") or {"UTC"})
    windows._zones.cache_clear()
    kept = window("22:00", "06:00").stored()

    for _ in range(20):
        Window.model_validate(kept)

    assert looked == ["looked"]
    windows._zones.cache_clear()
