"""Given these events, when this is decided, then those events follow: the shape of every test of a rule."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from domain.aggregate import Aggregate
from domain.definition import Definition
from domain.directory import Directory
from domain.events import Event
from domain.schedule import Calendar
from domain.words import Actor, Rejected
from tests.support.people import EVERYBODY

NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""A Monday morning: when everything happens unless a test says otherwise."""
DANA, BO = Actor("person:dana"), Actor("person:bo")


@dataclass(frozen=True)
class Story:
    """An aggregate with a past. Every step of the story gives a new one; the old one stays as it was."""

    aggregate: Aggregate[Any]
    definition: Definition | None = None
    calendar: Calendar = Calendar()  # noqa: RUF009 - a frozen value
    directory: Directory = EVERYBODY
    state: Any = None
    by: Actor = DANA
    at: datetime = NINE

    def given(self, *past: Event | Sequence[Event]) -> Story:
        """With these events in its past too."""
        events = [event for part in past for event in ([part] if isinstance(part, Event) else part)]
        return replace(self, state=self.aggregate.fold(events, self.state))

    def when(self, decision: Callable[..., Sequence[Event]], *args: Any, **named: Any) -> Deed:
        """Somebody decides something. What the story knows is filled in where it is wanted."""
        return Deed(self, decision, args, named)

    def after(self, decision: Callable[..., Sequence[Event]], *args: Any, **named: Any) -> Story:
        """The story after a decision that this test takes for granted."""
        return self.given(self.when(decision, *args, **named).events())


@dataclass(frozen=True)
class Deed:
    """A decision that is about to be taken."""

    story: Story
    decision: Callable[..., Sequence[Event]]
    args: tuple[Any, ...]
    named: dict[str, Any]

    def events(self) -> list[Event]:
        """What is decided."""
        return list(self._decide(self.story.state))

    def then(self, *expected: Event) -> Story:
        """Exactly these events follow, and deciding once more on the new state changes nothing."""
        assert self.events() == list(expected)
        return self._repeated()

    def then_types(self, *expected: str) -> Story:
        """Events of these types follow, in this order, and deciding once more on the new state changes nothing."""
        assert [event.type for event in self.events()] == list(expected)
        return self._repeated()

    def then_only_once(self, *expected: str) -> Story:
        """Events of these types follow; the same words said again mean something new (another attempt)."""
        decided = self.events()
        assert [event.type for event in decided] == list(expected)
        return self.story.given(decided)

    def rejected(self, code: str, **facts: Any) -> Rejected:
        """A rule says no, with this stable code and these facts."""
        with pytest.raises(Rejected) as refusal:
            self.events()
        assert refusal.value.code == code
        assert {key: refusal.value.facts.get(key) for key in facts} == facts
        return refusal.value

    def _repeated(self) -> Story:
        after = self.story.given(self.events())
        assert list(self._decide(after.state)) == []
        return after

    def _decide(self, state: Any) -> Sequence[Event]:
        wanted = inspect.signature(self.decision).parameters
        usual = {
            "definition": self.story.definition,
            "by": self.story.by,
            "at": self.story.at,
            "calendar": self.story.calendar,
            "directory": self.story.directory,
        }
        named = {key: value for key, value in usual.items() if key in wanted} | self.named
        before = (named.pop("definition"),) if "definition" in named else ()
        return self.decision(state, *before, *self.args, **named)
