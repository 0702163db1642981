"""One run with all its steps, its history, and lists of runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any
from uuid import UUID

import orjson

from domain.definition import Definition
from domain.document import Step
from domain.events import EVENT_TYPES
from domain.rollup import Card, Override, StageFact, roll_up, state_at
from domain.run.alarms import ESCALATION, SKIP, UNTIL
from domain.schedule import Calendar
from domain.upcast import upcast
from domain.words import RoleKey, StageKey, StepKey
from projections.answers import Card as CardAnswer
from projections.answers import (
    History,
    HistoryEntry,
    RunRow,
    Runs,
    RunView,
    StageView,
    StepAction,
    StepView,
    WaitsFor,
)
from projections.asking import Conn, Fresh, NotFound, fresh, no_version, rows
from projections.cards.card import card_of, help_of
from projections.cards.judging import Judge, judge
from projections.cards.row import PARTS, CardRow
from projections.engine.reading import LogDefinitions, UnknownDefinition
from projections.engine.refusing import refusal_of
from projections.facts.run import OPEN_STEP
from projections.facts.step import StepFacts
from projections.forecasts.queries import forecasts_of
from projections.machine.action_queries import step_actions
from projections.run.live_values import live_values
from projections.run.step_times import Pause, StepTimes, alarms_of, next_reminder, pauses_of
from projections.statements import ask, composed, value_of
from projections.visible import VISIBLE, Visible

_LIST = composed("run/list_queries", **PARTS, **VISIBLE)
ENDED_WELL = frozenset({"done", "skipped", "not_applicable"})


def run(
    connection: Conn,
    run_id: UUID,
    definition: Definition | None = None,
    *,
    now: datetime | None = None,
    calendar: Calendar | None = None,
) -> RunView:
    """One run by stage and step, with the form of each step. Raises NotFound.

    ``definition`` is the version that the run follows, when the caller has it; else it is read here.
    """
    at, current = judge(now, calendar), fresh(connection, "run_steps", "alarms", "actions")
    found = rows(connection, "run", run=run_id)
    if not found:
        raise NotFound("run", run_id)
    row = found[0]
    followed = definition or definition_of(connection, row[1], row[2])
    steps = {step.key: step for step in _steps(connection, run_id)}
    doing = step_actions(connection, run_id)
    pauses = pauses_of(connection, run_id)
    return _View(row, followed, steps, alarms_of(connection, run_id), at, pauses, doing).answer(current)


def definition_of(connection: Conn, process: str, version: int) -> Definition:
    """A published version, or a draft that a run tries out, compiled. Raises NotFound."""
    try:
        return LogDefinitions(connection)(process, version)
    except UnknownDefinition:
        raise no_version(connection, process, version) from None


def run_history(connection: Conn, stream: UUID, after: int = 0, limit: int = 500) -> History:
    """What happened to a run (or task, or project), above version ``after``, oldest first; empty for an unknown one."""
    current = fresh(connection, "run_history")
    found = rows(connection, "history", stream=stream, after=after, limit=limit + 1)
    entries = tuple(_entry(row) for row in found[:limit])
    last = entries[-1].version if len(found) > limit and entries else None
    more = 0 if last is None else rows(connection, "history_left", stream=stream, after=last)[0][0]
    return History(entries, last, *current, more)


def latest_history(connection: Conn, stream: UUID, before: int | None = None, limit: int = 100) -> History:
    """What happened below version ``before``, newest first; ``next_after`` is the next ``before``."""
    current = fresh(connection, "run_history")
    found = rows(connection, "history_latest", stream=stream, before=before, limit=limit + 1)
    entries = tuple(_entry(row) for row in found[:limit])
    last = entries[-1].version if len(found) > limit else None
    more = 0 if last is None else rows(connection, "history_earlier", stream=stream, before=last)[0][0]
    return History(entries, last, *current, more)


def runs(  # noqa: PLR0913 - which, how many, for whom, as of when
    connection: Conn,
    process: str | None = None,
    project: UUID | None = None,
    state: str | None = None,
    limit: int = 100,
    after: UUID | None = None,
    *,
    visible: Visible,
    now: datetime | None = None,
    calendar: Calendar | None = None,
) -> Runs:
    """Runs that are ``visible``, the newest first, in the states that boards show.

    ``after`` is the last run of the page before.
    """
    current = fresh(connection, "board")
    asked = {"process": process, "project": project, "life": state, "after": after, **visible.asked}
    found = ask(connection, _LIST["runs"], CardRow, **asked, limit=limit + 1)
    by = judge(now, calendar, forecasts_of(connection, [row.card for row in found[:limit]]))
    page = tuple(_row(card_of(row, by), row.life) for row in found[:limit])
    last = page[-1].id if len(found) > limit and page else None
    more = 0 if last is None else value_of(connection, _LIST["runs_left"], **asked | {"after": last})
    return Runs(page, last, *current, more)


def _row(card: CardAnswer, life: str) -> RunRow:
    assert card.started_at is not None  # a run begins with its start
    return RunRow(
        card.id, card.name, card.process or "", card.process_version or 0, card.project, life, card.stage, card.state,
        card.progress or 0.0, card.priority, card.next_action, card.who, card.due_at, card.overdue, card.outcome,
        card.started_at, card.ended_at, card.target_at, card.version, card.target_stage, card.target_reached_at,
    )  # fmt: skip


def _entry(row: tuple[Any, ...]) -> HistoryEntry:
    position, version, kind, schema_version, occurred_at, recorded_at, by, step, round_, data, hand = row
    told = orjson.loads(data)
    lifted = upcast(kind, schema_version, told) if kind in EVENT_TYPES else told
    for name in EVENT_TYPES[kind].untold if kind in EVENT_TYPES else ():
        lifted.pop(name, None)
    return HistoryEntry(position, version, kind, occurred_at, recorded_at, by, step, round_, lifted, hand)


class _Step(StepFacts):
    """The facts of a step with its key and values."""

    __slots__ = ("key", "notes", "values")
    key: StepKey
    notes: dict[str, Any] | None
    values: dict[str, Any] | None

    def __init__(self) -> None:
        super().__init__()
        self.notes = self.values = None


_STEP_COLUMNS = (
    "key", "state", "round", "assignee", "by", "ready_at", "started_at", "ended_at", "due_at", "due_source",
    "due_moves", "outcome", "reason", "help", "questioned", "approvals", "comments", "values",
    "notes", "added_later", "asked_anew",
)  # fmt: skip


def _steps(connection: Conn, run_id: UUID) -> list[_Step]:
    found = []
    for row in rows(connection, "run_steps", run=run_id):
        step = _Step()
        for name, value in zip(_STEP_COLUMNS, row, strict=True):
            setattr(step, name, value)
        step.help = help_of(row[_STEP_COLUMNS.index("help")])
        found.append(step)
    return found


class _View:
    """One run while its answer is put together."""

    def __init__(
        self,
        row: tuple[Any, ...],
        definition: Definition,
        steps: Mapping[StepKey, _Step],
        alarms: Mapping[StepKey, Mapping[str, datetime]],
        by: Judge,
        pauses: tuple[Pause, ...],
        doing: Mapping[str, Sequence[tuple[int, StepAction]]],
    ) -> None:
        self.row, self.definition, self.steps, self.by, self.now = row, definition, steps, by, by.now
        self.alarms, self.doing = alarms, doing
        values = {key: step.values for key, step in steps.items()}
        self.times = StepTimes(definition, by.calendar, row[12], row[10], row[6], steps, values, pauses)
        override = None if row[17] is None else Override(row[17], row[20])
        self.card: Card = roll_up(definition, row[5], steps, override)

    def answer(self, current: Fresh) -> RunView:
        (
            id_, process, version, name, subject, state, inputs, roles, project, priority, target_at, test, started_at,
            started_by, ended_at, outcome, reason, _overridden, stream_version, attachments, _,
        ) = self.row  # fmt: skip
        return RunView(
            id=id_, name=name, process=process, process_title=self.definition.document.title, version=version,
            state=state, stage=self.card.current_stage, progress=self.card.progress,
            stages=tuple(self._stage(stage) for stage in self.card.stages), inputs=inputs, roles=roles, project=project,
            priority=priority, target_at=target_at, target_stage=self._target_stage(), outcome=outcome,
            started_at=started_at, ended_at=ended_at, started_by=started_by, subject=subject, reason=reason, test=test,
            stream_version=stream_version, position=current.position, as_of=current.as_of, behind=current.behind,
            attachments=tuple(sorted(attachments.values(), key=itemgetter("at"))),
        )  # fmt: skip

    def _stage(self, stage: StageFact) -> StageView:
        document = self.definition.stages[StageKey(stage.key)]
        return StageView(
            key=stage.key,
            title=stage.title,
            state=self._state(stage),
            outcome=stage.outcome,
            steps=tuple(self._step(stage.key, step) for step in document.steps),
            entered_at=stage.entered_at,
            ended_at=stage.ended_at,
        )

    def _state(self, stage: StageFact) -> str:
        return state_at(
            stage.state,
            self.now,
            late_at=stage.late_at,
            blocked_at=stage.blocked_at,
            target_at=self._target_at(stage) if self.row[5] in ("running", "paused") else None,
        )

    def _target_stage(self) -> str | None:
        """The stage that the run's target is for; None without a target, or where it is for the whole run."""
        return None if self.row[10] is None else self.definition.document.target_stage

    def _target_at(self, stage: StageFact) -> datetime | None:
        if stage.key == self._target_stage():
            target_at: datetime | None = self.row[10]
            return target_at
        return self.by.target(self.row[12], stage.target_days) if stage.target_days else None

    def _step(self, stage: StageKey, step: Step) -> StepView:
        key = StepKey(step.key)
        facts = self.steps.get(key) or _Step()
        is_open, locked = facts.state in OPEN_STEP, facts.state == "locked"
        alarms = self.alarms.get(key, {})
        return StepView(
            key=key, title=step.title, kind=step.kind, stage=stage, role=step.role, required=step.required,
            state=facts.state, round=facts.round, assignee=self._who(step, facts), by=facts.by, ready_at=facts.ready_at,
            started_at=facts.started_at, ended_at=facts.ended_at, due_at=facts.due_at, due_source=facts.due_source,
            due_moves=facts.due_moves, overdue=is_open and facts.due_at is not None and facts.due_at < self.now,
            due_expected_at=self.times.due(key) if locked else None,
            due_waits_for=self.times.due_waits_for(key) if locked or is_open else None,
            next_reminder_at=next_reminder(alarms), escalates_at=alarms.get(ESCALATION), skipped_at=alarms.get(SKIP),
            waits_until=alarms.get(UNTIL), waits_for=self._waits_for(key) if locked else (), outcome=facts.outcome,
            values=self._values(key, facts), notes=facts.notes, added_later=facts.added_later,
            help=facts.help, reason=facts.reason, questioned=facts.questioned or bool(facts.doubted),
            approvals=facts.approvals, comments=facts.comments, instructions=step.instructions,
            gate=step.gate is not None, refusal=refusal_of(self.definition, step),
            fields=tuple(field.model_dump(mode="json") for field in step.fields),
            actions=tuple(one for round_, one in self.doing.get(key, ()) if round_ == facts.round),
            inputs=self._inputs_of(step),
        )  # fmt: skip

    def _inputs_of(self, step: Step) -> tuple[dict[str, Any], ...]:
        shown = self.definition.document.inputs if step.shows_inputs else ()
        return tuple(field.model_dump(mode="json") for field in shown)

    def _values(self, key: StepKey, facts: StepFacts) -> dict[str, Any] | None:
        known = {other: each.values for other, each in self.steps.items()}
        return live_values(self.definition, key, facts.state, self.row[6], known, self.by.calendar.zone)

    def _role_title(self, step: Step) -> str | None:
        role = None if step.role is None else self.definition.roles.get(RoleKey(step.role))
        return step.role if role is None else role.title

    def _who(self, step: Step, facts: StepFacts) -> str | None:
        """Whose work the step is: the assignee, or whoever has its role in this run."""
        return facts.assignee or (self.row[7].get(step.role) if step.role else None)

    def _waits_for(self, key: StepKey) -> tuple[WaitsFor, ...]:
        """What a locked step comes after, and each voided decision before it, over what is done between."""
        wanted = self.definition.dependencies[key]
        found = []
        for other, step in self.definition.steps.items():
            facts = self.steps.get(other) or _Step()
            waits = other in wanted or (facts.asked_anew and self.definition.is_behind(key, other))
            if waits and facts.state not in ENDED_WELL:
                found.append(
                    WaitsFor(
                        other,
                        step.title,
                        self._who(step, facts) or self._role_title(step),
                        self.times.due(other),
                        facts.state,
                    )
                )
        return tuple(found)
