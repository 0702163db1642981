"""How much work is ahead of whom, week by week: open steps and tasks, and the steps that running runs still hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from domain.condition import holds
from domain.definition import Definition
from domain.directory import Directory
from domain.document import (
    AUTOMATIC,
    Anchor,
    AnchorField,
    AnchorStageEntered,
    AnchorStepDone,
    AnchorStepReady,
    Step,
)
from domain.run.dues import moment
from domain.schedule import Calendar, due_at
from domain.words import Assignee, RoleKey, StepKey
from domain.workload import Load, Needs, Piece, Week, effort, weeks_ahead
from domain.workload import workload as loads_of
from projections.answers.workload import PersonLoad, WeekLoad, Workload
from projections.asking import Conn, fresh
from projections.asking import moment as now_or
from projections.people_directory import directory as directory_of
from projections.projection import blocks

SQL = blocks("workload_queries")
Definitions = Callable[[str, int], Definition]


class _Step(NamedTuple):
    step: StepKey
    state: str
    assignee: str | None
    ready_at: datetime | None
    ended_at: datetime | None
    due_at: datetime | None
    helped: bool
    approved: list[str]
    values: dict[str, Any] | None


_UNTOUCHED = _Step(StepKey(""), "locked", None, None, None, None, False, [], None)


@dataclass(frozen=True, slots=True)
class _Run:
    """One run under way: what its coming steps are counted from."""

    state: str
    definition: Definition
    inputs: Mapping[str, Any]
    roles: Mapping[str, str | None]
    started_at: datetime
    target_at: datetime | None
    imported: bool
    steps: dict[str, _Step] = field(default_factory=dict)

    def values(self) -> dict[str, Any]:
        """Every field that has a value, by path."""
        found = {f"inputs.{key}": value for key, value in self.inputs.items()}
        for key, step in self.steps.items():
            found.update({f"{key}.{name}": value for name, value in (step.values or {}).items()})
        return found


def workload(
    connection: Conn,
    definitions: Definitions,
    calendar: Calendar,
    *,
    weeks: int = 4,
    project: UUID | None = None,
    now: datetime | None = None,
) -> Workload:
    """Everybody's load in the weeks from now on, of one project or of all; the most loaded first.

    A coming step whose condition does not hold (yet) is not counted; without a due that is known by now it is later.
    Of imported runs only what was begun counts: their process does not say what comes next.
    A run that follows a version which the log does not hold has no steps to count: it is parked, which health tells.
    """
    current, at = fresh(connection, "run_steps", "run_history", "board", "inbox", "people"), now_or(now)
    today = calendar.local_day(at)
    ahead, people = weeks_ahead(today, weeks, calendar), directory_of(connection)
    pieces = _pieces(connection, definitions, calendar, project)
    found = loads_of(pieces, ahead, people, calendar, today)
    told = [_person(who, load, ahead, people) for who, load in found.items() if _counts(who)]
    told.sort(key=lambda row: (-_total(row), row.name or row.who or ""))
    return Workload(tuple(told), tuple(week.name for week in ahead), today, *current)


def _pieces(
    connection: Conn, definitions: Definitions, calendar: Calendar, project: UUID | None
) -> Iterator[Piece]:
    runs: dict[UUID, _Run] = {}
    for id_, process, version, state, *facts in _rows(connection, "runs", project):
        with suppress(LookupError):
            runs[id_] = _Run(state, definitions(process, version), *facts)
    for id_, *step in _rows(connection, "steps", project):
        if id_ in runs:
            runs[id_].steps[step[0]] = _Step(*step)
    for run in runs.values():
        yield from _of_run(run, calendar)
    for who, due_on, waits in _rows(connection, "tasks", project):
        yield Piece(who, 1.0, due_on, waits=waits)


def _of_run(run: _Run, calendar: Calendar) -> Iterator[Piece]:
    values: dict[str, Any] | None = None
    for key, known in run.definition.steps.items():
        step = run.steps.get(key, _UNTOUCHED)
        if known.kind in AUTOMATIC or step.state not in ("locked", "ready", "in_progress"):
            continue
        if step.state == "locked" and run.imported:
            continue  # it has no graph: nobody knows what is to come
        if step.state == "locked":
            values = run.values() if values is None else values
            if holds(known.when, values):
                yield _coming(run, known, step, values, calendar)
        else:
            yield _piece(
                run, known, step, Assignee(step.assignee) if step.assignee else None, step.due_at, calendar
            )


def _coming(run: _Run, known: Step, step: _Step, values: Mapping[str, Any], calendar: Calendar) -> Piece:
    who = step.assignee or (run.roles.get(RoleKey(known.role)) if known.role else None)
    due = step.due_at
    if due is None and known.due is not None:
        due = due_at(known.due, lambda anchor: _anchored(run, anchor, values), calendar)
    return _piece(run, known, step, Assignee(who) if who else None, due, calendar)


def _piece(
    run: _Run, known: Step, step: _Step, who: Assignee | None, due: datetime | None, calendar: Calendar
) -> Piece:
    needs: Needs = known.approval.needs if known.approval else "any"
    day = None if due is None else calendar.local_day(due)
    waits = run.state == "paused" or step.helped
    return Piece(who, effort(known), day, step.state != "locked", waits, needs, tuple(step.approved))


def _anchored(run: _Run, anchor: Anchor, values: Mapping[str, Any]) -> datetime | date | None:
    """The instant or day that an anchor stands for; None while it is not known."""
    match anchor:
        case "run_start":
            return run.started_at
        case "run_target":
            return run.target_at
        case AnchorField(field=path):
            return moment(values.get(path))
        case AnchorStepReady(step_ready=key):
            return run.steps.get(key, _UNTOUCHED).ready_at
        case AnchorStepDone(step_done=key):
            step = run.steps.get(key, _UNTOUCHED)
            return step.ended_at if step.state == "done" else None
        case AnchorStageEntered(stage_entered=stage):
            entered = (
                run.steps.get(key, _UNTOUCHED).ready_at for key in run.definition.steps_of.get(stage, ())
            )
            return min((instant for instant in entered if instant is not None), default=None)


def _counts(who: Assignee | None) -> bool:
    """Guests and services are not planned for."""
    return who is None or who.startswith(("person:", "group:"))


def _person(who: Assignee | None, load: Load, ahead: tuple[Week, ...], people: Directory) -> PersonLoad:
    facts = None if who is None else people.people.get(who)
    hours = facts.weekly_hours if facts else None
    return PersonLoad(
        who=who,
        name=None if who is None else people.name_of(who),
        active=facts is None or facts.active,
        weekly_hours=hours,
        weeks=tuple(
            _week(week, ready, coming, hours)
            for week, ready, coming in zip(ahead, load.ready, load.coming, strict=True)
        ),
        overdue=round(load.overdue, 2),
        waiting=round(load.waiting, 2),
        undated=round(load.undated, 2),
        later=round(load.later, 2),
        pieces=load.pieces,
    )


def _week(week: Week, ready: float, coming: float, hours: float | None) -> WeekLoad:
    capacity = None if hours is None else hours * week.share
    return WeekLoad(
        week.name,
        week.monday,
        len(week.days),
        round(ready, 2),
        round(coming, 2),
        None if capacity is None else round(capacity, 2),
        None if capacity is None else round(capacity - ready - coming, 2),
    )


def _total(row: PersonLoad) -> float:
    return row.overdue + row.undated + sum(week.ready + week.coming for week in row.weeks)


def _rows(connection: Conn, name: str, project: UUID | None) -> list[tuple[Any, ...]]:
    return connection.execute(SQL[name].encode(), {"project": project}, prepare=True).fetchall()
