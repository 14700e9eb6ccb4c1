"""Until when a request that was handed over should be settled: so many hours on, within business hours where
the workspace has some."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Weekday(StrEnum):
    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


_DAYS = tuple(Weekday)
_WORKING_DAYS = _DAYS[:5]


class BusinessHours(BaseModel):
    """Every one of `days` from `opens` to `closes`, in the time of `zone`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    days: tuple[Weekday, ...] = Field(default=_WORKING_DAYS, min_length=1)
    opens: time = time(8)
    closes: time = time(18)
    zone: str = "UTC"

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.opens >= self.closes:
            raise ValueError("it has to open before it closes, on the same day")
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"there is no time zone '{self.zone}'") from None
        return self


def due_time(now: datetime, hours: float, business: BusinessHours | None) -> datetime:
    """In UTC. Raises nothing: some day is a business day."""
    left = timedelta(hours=hours)
    if business is None:
        return now + left
    for opens, closes in _windows(now, business):
        begins = max(opens, now)
        if begins + left <= closes:
            return begins + left
        left -= max(closes - begins, timedelta())
    raise AssertionError("business hours never end")


def _windows(now: datetime, business: BusinessHours) -> Iterator[tuple[datetime, datetime]]:
    """From that of the day on; daylight saving moves their ends, so each is reckoned in its own day."""
    zone = ZoneInfo(business.zone)
    day: date = now.astimezone(zone).date()
    while True:
        if _DAYS[day.weekday()] in business.days:
            ends = (
                datetime.combine(day, at, zone).astimezone(UTC) for at in (business.opens, business.closes)
            )
            yield next(ends), next(ends)
        day += timedelta(days=1)
