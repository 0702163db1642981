"""Events of recurring work: a schedule makes a new task or a new run each time, and never changes an old one."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from domain.events.base import Event


class RecurrenceEvent(Event):
    """A fact about one piece of recurring work."""

    aggregate = "recurrence"


class RecurrenceSetUp(RecurrenceEvent):
    """Work is made again and again, at the instants of ``cron`` in ``time_zone``.

    ``makes`` says what; ``template`` is the body of the command that makes it. ``catch_up``: after an outage the work
    of all missed instants is made, of the last one only, or of none.
    """

    type = "recurrence_set_up"
    public = ("project", "makes", "process")
    name: str
    cron: str
    time_zone: str
    catch_up: Literal["all", "last", "none"] = "last"
    makes: Literal["task", "run"]
    project: UUID | None = None
    process: str | None = None
    template: dict[str, Any] = Field(default_factory=dict)


class RecurrenceChanged(RecurrenceEvent):
    """What follows is made in this way; all of it is the whole new way."""

    type = "recurrence_changed"
    name: str
    cron: str
    time_zone: str
    catch_up: Literal["all", "last", "none"] = "last"
    template: dict[str, Any] = Field(default_factory=dict)


class RecurrencePaused(RecurrenceEvent):
    """Nothing is made until it is resumed."""

    type = "recurrence_paused"
    reason: str


class RecurrenceResumed(RecurrenceEvent):
    """Work is made again, from this instant on."""

    type = "recurrence_resumed"


class RecurrenceEnded(RecurrenceEvent):
    """Nothing is made any more."""

    type = "recurrence_ended"
    reason: str


class OccurrenceMade(RecurrenceEvent):
    """The work of one instant was made: ``made`` is the new task or run."""

    type = "occurrence_made"
    public = ("occurs_at", "made")
    occurs_at: AwareDatetime
    made: UUID


class OccurrencePassedOver(RecurrenceEvent):
    """The work of one instant was not made, for this reason."""

    type = "occurrence_passed_over"
    public = ("occurs_at",)
    occurs_at: AwareDatetime
    reason: str


AnyRecurrenceEvent = (
    RecurrenceSetUp
    | RecurrenceChanged
    | RecurrencePaused
    | RecurrenceResumed
    | RecurrenceEnded
    | OccurrenceMade
    | OccurrencePassedOver
)
