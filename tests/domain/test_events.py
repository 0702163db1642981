"""Promises about the events themselves: the unions that every fold is closed over hold all of them."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from domain.events import (
    EVENT_TYPES,
    AnyGroupEvent,
    AnyPersonEvent,
    AnyProcessEvent,
    AnyProjectEvent,
    AnyRecurrenceEvent,
    AnyRightsEvent,
    AnyRunStreamEvent,
    AnyTaskEvent,
    AnyViewEvent,
)
from domain.events.base import Aggregate

UNIONS: dict[Aggregate, Any] = {
    "process": AnyProcessEvent,
    "run": AnyRunStreamEvent,
    "project": AnyProjectEvent,
    "task": AnyTaskEvent,
    "recurrence": AnyRecurrenceEvent,
    "person": AnyPersonEvent,
    "group": AnyGroupEvent,
    "view": AnyViewEvent,
    "rights": AnyRightsEvent,
}


@pytest.mark.parametrize("aggregate", get_args(Aggregate))
def test_an_event_is_in_the_union_of_its_aggregate(aggregate: Aggregate):
    """Whoever writes an event and forgets the union is told: else no fold would be asked about it."""
    defined = {event for event in EVENT_TYPES.values() if event.aggregate == aggregate}
    assert set(get_args(UNIONS[aggregate])) == defined
