"""How much work is ahead of whom, week by week: open steps and tasks, and the steps that running runs still hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID

from domain.condition import holds
from domain.definition import Definition
from domain.directory import Directory
from domain.document import AUTOMATIC, Step
from domain.run import Run, StepState
from domain.run.alarms import rule_instant
from domain.schedule import Calendar
from domain.words import Assignee, RoleKey, StepKey
from domain.workload import Load, Needs, Piece, Week, effort, weeks_ahead
from domain.workload import workload as loads_of
from projections.answers.workload import PersonLoad, WeekLoad, Workload
from projections.asking import Conn, fresh
from projections.asking import moment as now_or
from projections.engine.projection import blocks
from projections.people.directory import directory as directory_of
from projections.run.step_times import Pause, paired

SQL = blocks("work/workload_queries")
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
    pauses: list[Pause] = field(default_factory=list)

    def as_anchors_see_it(self, values: Mapping[str, Any]) -> Run:
        """The run as far as dues are counted from it."""
        steps = {
            StepKey(key): StepState(
                ready_at=step.ready_at,
                first_ready_at=step.ready_at,
                done_at=step.ended_at if step.state == "done" else None,
            )
            for key, step in self.steps.items()
        }
        return Run(
            started_at=self.started_at,
            target_at=self.target_at,
            values=values,
            steps=steps,
            pauses=tuple(self.pauses),
        )

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
    for id_, pauses in _pauses(connection, list(runs)).items():
        runs[id_].pauses.extend(pauses)
    for run in runs.values():
        yield from _of_run(run, calendar)
    for who, due_on, waits in _rows(connection, "tasks", project):
        yield Piece(who, 1.0, due_on, waits=waits)


def _pauses(connection: Conn, runs: list[UUID]) -> dict[UUID, tuple[Pause, ...]]:
    found = connection.execute(SQL["pauses"].encode(), {"runs": runs}, prepare=True).fetchall()
    told = groupby(found, key=lambda row: row[0])
    return {id_: paired((kind, at) for _, kind, at in rows_) for id_, rows_ in told}


def _of_run(run: _Run, calendar: Calendar) -> Iterator[Piece]:
    seen: tuple[dict[str, Any], Run] | None = None
    for key, known in run.definition.steps.items():
        step = run.steps.get(key, _UNTOUCHED)
        if known.kind in AUTOMATIC or step.state not in ("locked", "ready", "in_progress"):
            continue
        if step.state == "locked" and run.imported:
            continue  # it has no graph: nobody knows what is to come
        if step.state == "locked":
            if seen is None:
                values = run.values()
                seen = values, run.as_anchors_see_it(values)
            if holds(known.when, seen[0], calendar.zone):
                yield _coming(run, known, step, seen[1], calendar)
        else:
            yield _piece(
                run, known, step, Assignee(step.assignee) if step.assignee else None, step.due_at, calendar
            )


def _coming(run: _Run, known: Step, step: _Step, seen: Run, calendar: Calendar) -> Piece:
    who = step.assignee or (run.roles.get(RoleKey(known.role)) if known.role else None)
    due = step.due_at
    if due is None and known.due is not None:
        due = rule_instant(seen, run.definition, known.due, calendar)
    return _piece(run, known, step, Assignee(who) if who else None, due, calendar)


def _piece(
    run: _Run, known: Step, step: _Step, who: Assignee | None, due: datetime | None, calendar: Calendar
) -> Piece:
    needs: Needs = known.approval.needs if known.approval else "any"
    day = None if due is None else calendar.local_day(due)
    waits = run.state == "paused" or step.helped
    return Piece(who, effort(known), day, step.state != "locked", waits, needs, tuple(step.approved))


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
