"""Dues as a feed for calendar programs: iCalendar (RFC 5545), the same bytes as long as nothing changed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from icalendar import Calendar, Event

from projections.lists.calendar import CalendarEntry

_LENGTH = timedelta(minutes=30)
"""How long an entry lasts that has a time of day: some calendar programs do not draw one without a length."""


def feed_of(name: str, entries: Iterable[CalendarEntry], base_url: str) -> bytes:
    """The feed called ``name``; it has no METHOD, so that DTSTAMP says when each entry was last changed."""
    made = Calendar()
    made.add("prodid", "-//Milepost//Dues//EN")
    made.add("version", "2.0")
    made.add("x-wr-calname", name)
    for entry in entries:
        made.add_component(_event(entry, base_url))
    text: bytes = made.to_ical()
    return text


def _event(entry: CalendarEntry, base_url: str) -> Event:
    """One due: a whole day, or half an hour from its instant. Its uid stays, so that a moved due moves there too."""
    event = Event()
    event.add("uid", f"{entry.id}@milepost")
    begin = entry.at if entry.on is None else entry.on
    changed = entry.changed_at or entry.at
    event.add("dtstamp", changed)
    event.add("last-modified", changed)
    event.add("dtstart", begin)
    event.add("dtend", begin + (_LENGTH if entry.on is None else timedelta(days=1)))
    event.add("summary", entry.title if entry.title == entry.of else f"{entry.title}: {entry.of}")
    event.add("url", f"{base_url}{entry.path}")
    if entry.overdue:
        event.add("categories", ["overdue"])
    event.add("transp", "TRANSPARENT")
    return event
