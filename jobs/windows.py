"""The hours in which a job may run: on which days, from when to when, and in whose time.

AWS has none. Hours are those of the wall clock of a time zone, so that a window keeps its place in
the day when summer time begins or ends.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from functools import cache
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from jobs.errors import InvalidRequest
from operations.base import fields_of

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _hour(text: str) -> str:
    if not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", text):
        raise ValueError("Give a time of day such as 22:00")
    return text


@cache
def _zones() -> frozenset[str]:
    """The time zones that there are: to look for them takes a tenth of a second."""
    return frozenset(available_timezones())


def _zone(name: str) -> str:
    if name not in _zones():
        raise ValueError("There is no such time zone; give one such as Europe/Berlin, or UTC")
    return name


def _in_order(days: list[Day]) -> list[Day]:
    return [day for day in DAYS if day in days]


class Window(BaseModel):
    """Open from `start` to `end`, on the days on which it begins.

    Where the end is not after the start it is on the next day; where both are the same, the window
    is open for the whole day.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: Annotated[str, AfterValidator(_hour)] = Field(description="When it opens: HH:MM.")
    end: Annotated[str, AfterValidator(_hour)] = Field(
        description="When it closes: HH:MM; on the next day where before the start."
    )
    time_zone: Annotated[str, AfterValidator(_zone)] = Field(
        "UTC", max_length=64, description="Whose clock is meant, such as Europe/Berlin."
    )
    days: Annotated[list[Day], AfterValidator(_in_order)] = Field(
        default=list(DAYS), min_length=1, max_length=7, description="The days on which it opens."
    )

    @classmethod
    def parse(cls, given: object) -> Self:
        """A window as it was handed in; raises InvalidRequest."""
        if not isinstance(given, Mapping):
            raise InvalidRequest({"run_window": ["Give start, end, time_zone and days, or null."]})
        try:
            return cls.model_validate(dict(given))
        except ValidationError as error:
            faults = fields_of(error, cls)
            raise InvalidRequest(
                {f"run_window.{name}".rstrip("."): texts for name, texts in faults.items()}
            ) from None

    def stored(self) -> dict[str, Any]:
        """As a job's row keeps it."""
        return self.model_dump(mode="json")

    def is_open(self, at: datetime) -> bool:
        """Whether tasks may run at that moment."""
        local = at.astimezone(ZoneInfo(self.time_zone)).replace(tzinfo=None)
        return any(
            opens <= local < closes
            for opens, closes in (self._on(local - timedelta(days=ago)) for ago in (0, 1))
            if self._begins_on(opens)
        )

    def opens_after(self, at: datetime) -> datetime:
        """When it opens next after that moment."""
        zone = ZoneInfo(self.time_zone)
        local = at.astimezone(zone).replace(tzinfo=None)
        coming = (self._on(local + timedelta(days=ahead))[0] for ahead in range(9))
        opens = next(start for start in coming if start > local and self._begins_on(start))
        return opens.replace(tzinfo=zone)

    def _on(self, day: datetime) -> tuple[datetime, datetime]:
        """The wall clock's times of the window that begins on a day."""
        opens = datetime.combine(day.date(), time.fromisoformat(self.start))
        closes = datetime.combine(day.date(), time.fromisoformat(self.end))
        return opens, closes if closes > opens else closes + timedelta(days=1)

    def _begins_on(self, opens: datetime) -> bool:
        return DAYS[opens.weekday()] in self.days

    def __str__(self) -> str:
        days = ", ".join(day.title() for day in self.days)
        on = "" if len(self.days) == len(DAYS) else f" on {days}"
        return f"{self.start} to {self.end} {self.time_zone}{on}"
