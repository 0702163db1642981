"""The organisation's calendar, from how the settings write it: time zone, working days, hours and public holidays."""

from __future__ import annotations

from datetime import date, time
from zoneinfo import ZoneInfo, available_timezones

from domain.schedule import Calendar

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOLIDAY_YEARS = range(2000, 2101)
"""The years whose public holidays are known to a calendar."""


def zone_of(text: str) -> ZoneInfo:
    """The time zone of this IANA name; ValueError for another."""
    if text not in available_timezones():
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
    begin, _, end = text.partition("-")
    opens, closes = time.fromisoformat(begin.strip()), time.fromisoformat(end.strip())
    if opens >= closes or opens.tzinfo or closes.tzinfo:
        raise ValueError("not the hours of a day")
    return opens, closes


def holidays_of(text: str) -> frozenset[date]:
    """The public holidays of a country, or of a part of it, such as ``DE-BE``; ValueError for an unknown one."""
    import holidays  # takes a while, and most instances name no country

    country, _, part = text.upper().partition("-")
    supported = holidays.list_supported_countries(include_aliases=True)
    if country not in supported or (part and part not in supported[country]):
        raise ValueError("not a country with known holidays")
    return frozenset(holidays.country_holidays(country, subdiv=part or None, years=HOLIDAY_YEARS))


def organisation_calendar(zone: str, days: str, hours: str, holidays: str | None) -> Calendar:
    """The calendar; its name says all it was made of, so that a recorded due tells what it was computed with."""
    opens, closes = hours_of(hours)
    worked = days_of(days)
    return Calendar(
        name=" ".join([zone, ",".join(WEEKDAYS[day] for day in sorted(worked)), f"{opens:%H:%M}-{closes:%H:%M}",
                       *([_edition(holidays)] if holidays else [])]),
        zone=zone_of(zone),
        working_days=worked,
        opens=opens,
        closes=closes,
        holidays=holidays_of(holidays) if holidays else frozenset(),
    )  # fmt: skip


def _edition(holidays: str) -> str:
    from importlib.metadata import version

    return f"{holidays.upper()} (holidays {version('holidays')})"
