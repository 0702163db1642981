"""Recurring work: a schedule that makes a new task or starts a new run each time, and never changes an old one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import islice, takewhile
from typing import Any, Literal, NamedTuple, assert_never
from uuid import UUID, uuid5

from domain.aggregate import Aggregate
from domain.checks import line
from domain.directory import Directory, must_be_here
from domain.events import (
    AnyRecurrenceEvent,
    OccurrenceMade,
    OccurrencePassedOver,
    RecurrenceChanged,
    RecurrenceEnded,
    RecurrencePaused,
    RecurrenceResumed,
    RecurrenceSetUp,
)
from domain.instants import checked, following, zone
from domain.words import Actor, Rejected

CatchUp = Literal["all", "last", "none"]
MISSED_AFTER = timedelta(minutes=15)
"""An instant that nobody looked at for so long was missed: the catch-up rule says what becomes of it."""
MOST_AT_ONCE = 50
"""So many instants are dealt with in one go; the rest follow in the next."""
_MOST_LOOKED_AT = 10_000
_RULE: Mapping[CatchUp, str] = {
    "all": "all are made up for",
    "last": "only the last one is made up for",
    "none": "none is made up for",
}


@dataclass(frozen=True)
class Way:
    """How work was made from one instant (without it) up to another; of the present way ``upto`` is None."""

    cron: str
    time_zone: str
    template: Mapping[str, Any]
    since: datetime
    upto: datetime | None = None


@dataclass(frozen=True)
class Recurrence:
    """What decisions about recurring work need to know. ``until`` is the instant up to which all is dealt with.

    ``since`` begins the present way; None while it is paused. ``earlier`` are ways with instants that may be left: what
    came before a change or a pause comes all the same, as it was then.
    """

    state: Literal["active", "paused", "ended"] = "active"
    name: str = ""
    cron: str = ""
    time_zone: str = "UTC"
    catch_up: CatchUp = "last"
    makes: Literal["task", "run"] = "task"
    project: UUID | None = None
    process: str | None = None
    template: Mapping[str, Any] = field(default_factory=dict)
    until: datetime | None = None
    since: datetime | None = None
    earlier: tuple[Way, ...] = ()
    set_up_by: Actor | None = None


class Occasion(NamedTuple):
    """One instant whose time has come: its work is made, or passed over for a reason."""

    occurs_at: datetime
    passed_over: str | None


def evolve(known: Recurrence | None, event: AnyRecurrenceEvent) -> Recurrence:
    """The recurring work after the event."""
    known = known or Recurrence()
    match event:
        case RecurrenceSetUp():
            return replace(
                _described(known, event),
                makes=event.makes,
                project=event.project,
                process=event.process,
                until=event.at,
                since=event.at,
                set_up_by=event.by,
            )
        case RecurrenceChanged():
            return replace(_described(_over(known, event.at), event), since=known.since and event.at)
        case RecurrencePaused():
            return replace(_over(known, event.at), state="paused", since=None)
        case RecurrenceResumed():
            return replace(known, state="active", since=event.at)
        case RecurrenceEnded():
            return replace(known, state="ended")
        case OccurrenceMade() | OccurrencePassedOver():
            return _dealt_with(known, event.occurs_at)
        case _:
            assert_never(event)


RECURRENCE = Aggregate("recurrence", evolve)


def set_up(  # noqa: PLR0913 - all that recurring work is made of
    known: Recurrence | None,
    name: str,
    cron: str,
    time_zone: str,
    makes: Literal["task", "run"],
    template: Mapping[str, Any],
    *,
    catch_up: CatchUp = "last",
    project: UUID | None = None,
    process: str | None = None,
    by: Actor,
    at: datetime,
    directory: Directory,
) -> list[AnyRecurrenceEvent]:
    """Make work again and again from now on. Setting up the same again changes nothing."""
    if known is not None:
        return []
    if makes == "task" and project is None:
        raise Rejected(
            "project_required", "a task stands on a project's board: name the project", field="project"
        )
    if makes == "run" and process is None:
        raise Rejected("process_required", "a run follows a process: name its key", field="process")
    _all_here(template, directory)
    return [
        RecurrenceSetUp(
            name=line("name", name),
            cron=checked(cron, time_zone, at),
            time_zone=time_zone,
            catch_up=catch_up,
            makes=makes,
            project=project,
            process=process,
            template=dict(template),
            by=by,
            at=at,
        )
    ]


def change(  # noqa: PLR0913 - all that may be changed, and what the house knows
    known: Recurrence,
    name: str,
    cron: str,
    time_zone: str,
    template: Mapping[str, Any],
    *,
    catch_up: CatchUp = "last",
    by: Actor,
    at: datetime,
    directory: Directory,
) -> list[AnyRecurrenceEvent]:
    """Make what follows in this way; what was made stays as it is."""
    wanted = RecurrenceChanged(
        name=line("name", name),
        cron=checked(cron, time_zone, at),
        time_zone=time_zone,
        catch_up=catch_up,
        template=dict(template),
        by=by,
        at=at,
    )
    if _described(known, wanted) == known:
        return []
    _not_ended(known)
    _all_here(template, directory)
    return [wanted]


def pause(known: Recurrence, reason: str, *, by: Actor, at: datetime) -> list[AnyRecurrenceEvent]:
    """Make nothing until it is resumed; the instants of the pause are not made up for."""
    if known.state == "paused":
        return []
    _not_ended(known)
    return [RecurrencePaused(reason=_reason(reason), by=by, at=at)]


def resume(known: Recurrence, *, by: Actor, at: datetime) -> list[AnyRecurrenceEvent]:
    """Make work again, from now on."""
    if known.state == "active":
        return []
    _not_ended(known)
    return [RecurrenceResumed(by=by, at=at)]


def end(known: Recurrence, reason: str, *, by: Actor, at: datetime) -> list[AnyRecurrenceEvent]:
    """Make nothing any more."""
    return [] if known.state == "ended" else [RecurrenceEnded(reason=_reason(reason), by=by, at=at)]


def occasions(known: Recurrence, now: datetime) -> list[Occasion]:
    """The instants whose time has come and that nobody has dealt with, in order, at most ``MOST_AT_ONCE`` to make.

    Missed ones that the catch-up rule leaves out stand as one occasion, at the last of them.
    """
    if known.state != "active":
        return []
    most = MOST_AT_ONCE if known.catch_up == "all" else _MOST_LOOKED_AT
    come = list(islice(takewhile(lambda instant: instant <= now, _instants(known)), most))
    left_out = _left_out(known, come, now)
    kept = [Occasion(instant, None) for instant in come[left_out:]]
    if not left_out:
        return kept[:MOST_AT_ONCE]
    why = f"missed {left_out} time{'s' if left_out > 1 else ''}; {_RULE[known.catch_up]}"
    return [Occasion(come[left_out - 1], why), *kept][:MOST_AT_ONCE]


def next_instant(known: Recurrence) -> datetime | None:
    """When it comes next, which may lie in the past; None while it does not."""
    return next(_instants(known), None) if known.state == "active" else None


def way_at(known: Recurrence, occurs_at: datetime) -> Way:
    """How the work of an instant is made: in the way that held then, whatever was changed since."""
    held = (way for way in _ways(known) if way.upto is None or occurs_at <= way.upto)
    return next(held)


def deal_with(
    known: Recurrence, occasion: Occasion, made: UUID, *, by: Actor, at: datetime
) -> list[AnyRecurrenceEvent]:
    """Record that the work of an instant was made, as ``made``, or why it was passed over; once, and in order."""
    if known.state != "active" or known.until is None or occasion.occurs_at <= known.until:
        return []
    if occasion.passed_over is not None:
        return [OccurrencePassedOver(occurs_at=occasion.occurs_at, reason=occasion.passed_over, by=by, at=at)]
    return [OccurrenceMade(occurs_at=occasion.occurs_at, made=made, by=by, at=at)]


def made_id(recurrence: UUID, occurs_at: datetime) -> UUID:
    """The id of what is made at an instant: the same however often it is tried."""
    return uuid5(recurrence, occurs_at.isoformat())


def local_day(occurs_at: datetime, time_zone: str) -> date:
    """The day of an instant where the schedule is."""
    return occurs_at.astimezone(zone(time_zone)).date()


def filled(text: str, occurs_at: datetime, time_zone: str) -> str:
    """The text with ``{date}``, ``{month}``, ``{year}`` and ``{week}`` of the instant, where the schedule is."""
    local = occurs_at.astimezone(zone(time_zone))
    parts = {
        "{date}": f"{local:%Y-%m-%d}",
        "{month}": f"{local:%B %Y}",
        "{year}": f"{local:%Y}",
        "{week}": f"week {local.isocalendar().week}",
    }
    for name, value in parts.items():
        text = text.replace(name, value)
    return text


def _ways(known: Recurrence) -> list[Way]:
    present = [] if known.since is None else [Way(known.cron, known.time_zone, known.template, known.since)]
    return [*known.earlier, *present]


def _instants(known: Recurrence) -> Iterator[datetime]:
    """The instants that nobody has dealt with, in order, each by the way that held then."""
    for way in _ways(known):
        for instant in following(way.cron, way.time_zone, _later(known.until, way.since)):
            if way.upto is not None and instant > way.upto:
                break
            yield instant


def _over(known: Recurrence, at: datetime) -> Recurrence:
    """The present way ends here; its instants until now may still have to be dealt with."""
    if known.since is None:
        return known
    way = Way(known.cron, known.time_zone, known.template, known.since, at)
    return replace(known, earlier=(*known.earlier, way))


def _dealt_with(known: Recurrence, occurs_at: datetime) -> Recurrence:
    until = _later(known.until, occurs_at)
    left = tuple(way for way in known.earlier if way.upto is None or way.upto > until)
    return replace(known, until=until, earlier=left)


def _left_out(known: Recurrence, come: list[datetime], now: datetime) -> int:
    """How many of the first instants are not made up for."""
    match known.catch_up:
        case "all":
            return 0
        case "last":
            return max(len(come) - 1, 0)
        case "none":
            return sum(now - instant > MISSED_AFTER for instant in come)


def _described(known: Recurrence, event: RecurrenceSetUp | RecurrenceChanged) -> Recurrence:
    return replace(
        known,
        name=event.name,
        cron=event.cron,
        time_zone=event.time_zone,
        catch_up=event.catch_up,
        template=event.template,
    )


def _all_here(template: Mapping[str, Any], directory: Directory) -> None:
    """Rejected when the work to be made names somebody who has left, or whom nobody added."""
    must_be_here(template.get("assignee"), directory, field="assignee")
    for role, who in (template.get("roles") or {}).items():
        must_be_here(who, directory, role=role)


def _later(one: datetime | None, other: datetime) -> datetime:
    return other if one is None else max(one, other)


def _not_ended(known: Recurrence) -> None:
    if known.state == "ended":
        raise Rejected("recurrence_ended", f"{known.name} has ended; set up a new one")


def _reason(text: str) -> str:
    said = text.strip()
    if not said:
        raise Rejected("reason_required", "say why, in a word at least", field="reason")
    return said
