"""The organisation's calendar, from how the settings write it: time zone, working days, hours and public holidays."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, time
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from domain.schedule import Calendar

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOLIDAY_YEARS = range(2000, 2101)
"""The years whose public holidays are known to a calendar."""
_HOURS = re.compile(r"\s*([01][0-9]|2[0-3]):([0-5][0-9])\s*-\s*([01][0-9]|2[0-3]):([0-5][0-9])\s*")
_DECREED_YEARS = 3
"""Where working days were moved in so many years, they are decreed from year to year."""


@dataclass(frozen=True)
class PublicHolidays:
    """The days off of a country, and the days that are worked in place of some.

    ``known_until``: the last year for which moved days are decreed; None where none are moved.
    """

    off: frozenset[date] = frozenset()
    moved: frozenset[date] = frozenset()
    known_until: int | None = None


@cache
def _zones() -> frozenset[str]:
    """All that there are: they are looked for in hundreds of files."""
    return frozenset(available_timezones())


def zone_of(text: str) -> ZoneInfo:
    """The time zone of this IANA name; ValueError for another."""
    if text not in _zones():
        raise ValueError("not a time zone")
    return ZoneInfo(text)


def days_of(text: str) -> frozenset[int]:
    """The weekdays (0 = Monday) in a list such as ``mon,tue``; ValueError when one is none, or is there twice."""
    names = [name.strip().lower() for name in text.split(",")]
    if not set(names) <= set(WEEKDAYS) or len(names) != len(set(names)):
        raise ValueError("not a list of weekdays")
    return frozenset(WEEKDAYS.index(name) for name in names)


def hours_of(text: str) -> tuple[time, time]:
    """When work begins and ends, from a text such as ``09:00-17:00``; ValueError unless it ends after it begins."""
    found = _HOURS.fullmatch(text)
    if found is None:
        raise ValueError("not the hours of a day")
    begin_hour, begin_minute, end_hour, end_minute = map(int, found.groups())
    opens, closes = time(begin_hour, begin_minute), time(end_hour, end_minute)
    if opens >= closes:
        raise ValueError("the day ends before it begins")
    return opens, closes


def holidays_of(text: str) -> PublicHolidays:
    """The public holidays of a country, or of a part of it, such as ``DE-BE``; ValueError for an unknown one."""
    import holidays  # takes a while, and most instances name no country

    country, _, part = text.upper().partition("-")
    supported = holidays.list_supported_countries(include_aliases=True)
    if country not in supported or (part and part not in supported[country]):
        raise ValueError("not a country with known holidays")
    found = holidays.country_holidays(country, subdiv=part or None, years=HOLIDAY_YEARS)
    moved = frozenset(found.weekend_workdays)
    decreed = {day.year for day in moved}
    known_until = max(decreed) if len(decreed) >= _DECREED_YEARS else None
    return PublicHolidays(frozenset(found), moved, known_until)


def organisation_calendar(zone: str, days: str, hours: str, holidays: str | None) -> Calendar:
    """The calendar; its name says all it was made of, so that a recorded due tells what it was computed with."""
    opens, closes = hours_of(hours)
    worked = days_of(days)
    public = holidays_of(holidays) if holidays else PublicHolidays()
    return Calendar(
        name=" ".join([zone, ",".join(WEEKDAYS[day] for day in sorted(worked)), f"{opens:%H:%M}-{closes:%H:%M}",
                       *([_edition(holidays, public)] if holidays else [])]),
        zone=zone_of(zone),
        working_days=worked,
        opens=opens,
        closes=closes,
        holidays=public.off,
        moved=public.moved,
    )  # fmt: skip


def unknown_years(holidays: str | None) -> str | None:
    """What is not known of the years to come, for whoever asks how Milepost is; None where nothing is to be said."""
    until = holidays_of(holidays).known_until if holidays else None
    if until is None:
        return None
    return f"days that are worked in place of others are known up to {until}; later dues do not know them"


def _edition(holidays: str, public: PublicHolidays) -> str:
    from importlib.metadata import version

    reach = "" if public.known_until is None else f", moved days up to {public.known_until}"
    return f"{holidays.upper()} (holidays {version('holidays')}{reach})"
