"""Why a card shows what it shows: the events of its stream that set each of its cells.

The stream is folded once more, event by event, by the fold and the row of the board itself; an event that changes a
cell is one that made it so. Nothing is kept for it, so that the read models stay as quick to make as they were.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from domain import events as e
from domain.definition import Definition
from domain.schedule import Calendar
from domain.words import StepKey
from projections.answers import Card, Cause, Cell, StageDot, Why, WhyCell
from projections.asking import Conn, NotFound, fresh
from projections.board.rows import BOARD
from projections.cards.card import card_of
from projections.cards.judging import Judge, judge
from projections.cards.row import CardRow
from projections.engine.parking import rows_or_why_not, tell_slowly
from projections.engine.projection import Definitions, Subject
from projections.engine.reading import LogEvent, read_streams
from projections.forecasts.queries import forecasts_of
from projections.past.moment import aggregate_of

_NOTHING: tuple[Any, ...] = (None, [], ([], None))
"""What a cell is at first when it shows nothing."""
_OPEN = frozenset({"ready", "in_progress"})


def why(
    connection: Conn,
    project: UUID,
    card: UUID,
    definitions: Definitions,
    *,
    now: datetime | None = None,
    calendar: Calendar | None = None,
) -> Why:
    """Which events made the cells of a card. Raises NotFound when the project has no such card."""
    current = fresh(connection, "board")
    history = read_streams(connection, [card], current.position).get(card, [])
    told = _Story(card, history, definitions)
    if told.row is None or told.row.project != project:
        raise NotFound("card", card)
    by = judge(now, calendar, forecasts_of(connection, [card]))
    shown = card_of(told.row, by)
    return Why(card, shown.kind, shown.name, told.cells(shown, by), *current)


@dataclass
class _Story:
    """A card while its stream is told again: for each cell the events that changed it."""

    card: UUID
    history: Sequence[LogEvent]
    definitions: Definitions
    row: CardRow | None = None
    changed: dict[str, list[LogEvent]] = field(default_factory=dict)
    state_of: dict[StepKey, LogEvent] = field(default_factory=dict)
    due_of: dict[StepKey, LogEvent] = field(default_factory=dict)
    target: LogEvent | None = None
    facts: Any = None

    def __post_init__(self) -> None:
        source = BOARD.sources.get(aggregate_of(self.history))
        if source is None:
            return
        stop = tell_slowly(source, self.card, self.history, self.definitions).stop
        if stop is not None:  # what the board cannot digest, it does not show
            self.history = [event for event in self.history if event[0] < stop[0]]
        (fold,) = source.folds
        self.facts = fold.make()
        for event in self.history:
            _, stream, version, _, fact, _, _ = event
            if isinstance(fact, Exception) or type(fact) not in fold.handlers:
                continue
            before = self._states()
            fold.take(self.facts, fact)
            self._note(event, fact, before)
            rows = rows_or_why_not(source, Subject(stream, version, [self.facts], self.definitions))
            if not isinstance(rows, Exception):
                self._compare(event, next((row for _, row in rows if isinstance(row, CardRow)), None))

    def _states(self) -> dict[StepKey, str]:
        return {key: step.state for key, step in getattr(self.facts, "steps", {}).items()}

    def _note(self, event: LogEvent, fact: e.Event, before: dict[StepKey, str]) -> None:
        """Which event put each step where it is, gave it its due, and gave the run its target."""
        for step, state in self._states().items():
            if state != before.get(step):
                self.state_of[step] = event
        if isinstance(fact, (e.StepBecameReady, e.StepDueSet)) and fact.due_at is not None:
            self.due_of[fact.step] = event
        if isinstance(fact, e.RunTargetSet) or (
            isinstance(fact, e.RunStarted) and self.facts.target_at is not None
        ):
            self.target = event

    def _compare(self, event: LogEvent, row: CardRow | None) -> None:
        before, self.row = self.row, row
        if row is None:
            return
        for name, cell in _cells(row).items():
            if before is None and cell in _NOTHING:
                continue
            if before is None or _cells(before).get(name) != cell:
                self.changed.setdefault(name, []).append(event)

    # --- what is told ---

    def cells(self, shown: Card, by: Judge) -> tuple[WhyCell, ...]:
        """Every cell of the card with its events."""
        state = [*self.changed.get("state", ())[-1:]]
        passed: list[datetime] = []
        if self.row is not None and shown.state != self.row.state:
            late, passed = self._late(shown, by)
            state += late
        stage = [*self.changed.get("stage", ())[-1:], *self._open_in(shown.stage)]
        outcomes = {dot.title: dot.said for dot in shown.stages if dot.said}
        action = None if shown.next_action is None else [shown.next_action, shown.who, shown.due_at]
        warned = shown.forecast.reason if shown.state == "at_risk" and shown.forecast else ""
        return (
            self._cell("stage", shown.stage, stage),
            replace(self._cell("state", shown.state, state, passed), said=warned),
            self._cell("progress", shown.progress, self.changed.get("progress", ())),
            self._cell("outcome", outcomes or shown.outcome, self.changed.get("outcome", ())),
            self._cell("next_action", action, self._since_named()),
            *(self._dot(dot, by) for dot in shown.stages),
            *self._raised(shown),
        )

    def _dot(self, dot: StageDot, by: Judge) -> WhyCell:
        """One stage: what put its steps where they are, and what changed it last; what of it is late by now."""
        definition = self._definition()
        keys = [key for key in self.state_of if definition and definition.stage_of.get(key) == dot.key]
        events = [self.state_of[key] for key in keys] + self.changed.get(f"stage {dot.key}", [])[-1:]
        passed = []
        if dot.state in ("late", "blocked"):
            late = {key: self.facts.steps[key].due_at for key in keys if self.facts.steps[key].state in _OPEN}
            passed = [due for due in (*late.values(), dot.target_at) if due is not None and due < by.now]
            events += [self.due_of[key] for key, due in late.items() if key in self.due_of and due in passed]
        told = {"state": dot.state, "outcome": dot.said}
        return replace(self._cell("stage_state", told, events, sorted(set(passed))), of=dot.key)

    def _raised(self, shown: Card) -> Iterator[WhyCell]:
        """What a card shows only at times, with the last event that made it so."""
        cells: dict[Cell, Any] = {
            "lowered": shown.lowered,
            "also_in": shown.also_in,
            "entered_stage": shown.entered_stage_at,
            "help": None if shown.help is None else {"since": shown.help.since},
            "blocked": shown.blocked,
            "override": shown.override,
        }
        for cell, shows in cells.items():
            if shows:
                yield self._cell(cell, shows, self.changed.get(cell, [])[-1:])

    def _since_named(self) -> list[LogEvent]:
        """The events that named the next action, and gave it its person and due, since it is this one."""
        named = self.changed.get("action", ())
        return [
            event for event in self.changed.get("next_action", ()) if not named or event[0] >= named[-1][0]
        ]

    def _open_in(self, stage: str) -> list[LogEvent]:
        """What made the required steps ready, or began them, that keep the run in this stage."""
        definition = self._definition()
        if definition is None:
            return []
        return [
            self.state_of[key]
            for key, step in self.facts.steps.items()
            if step.state in _OPEN
            and key in self.state_of
            and definition.steps[key].required
            and definition.stage_of[key] == stage
        ]

    def _late(self, shown: Card, by: Judge) -> tuple[list[LogEvent], list[datetime]]:
        """What the clock has gone by: dues with the events that set them, the run's target, targets of stages."""
        events: list[LogEvent] = []
        passed: list[datetime] = []
        for key, step in getattr(self.facts, "steps", {}).items():
            if step.state in _OPEN and step.due_at is not None and step.due_at < by.now:
                passed.append(step.due_at)
                events += [self.due_of[key]] if key in self.due_of else []
        if shown.open_target_at is not None and shown.open_target_at < by.now:
            passed.append(shown.open_target_at)
            events += [self.target] if self.target else []
        targets = [dot.target_at for dot in shown.stages if dot.target_at and dot.target_at < by.now]
        if targets:
            passed += targets
            events += self.history[:1]
        if shown.kind == "task":
            passed += [shown.due_at] if shown.due_at else []
            events += self.changed.get("due", ())[-1:]
        return events, sorted(set(passed))

    def _definition(self) -> Definition | None:
        process = getattr(self.facts, "process", None)
        return None if process is None else self.definitions(process, self.facts.process_version)

    def _cell(
        self, cell: Cell, shows: Any, events: Sequence[LogEvent], passed: Sequence[datetime] = ()
    ) -> WhyCell:
        told = {event[0]: event for event in events}
        return WhyCell(cell, shows, tuple(self._cause(told[place]) for place in sorted(told)), tuple(passed))

    def _cause(self, event: LogEvent) -> Cause:
        position, _, version, kind, fact, actor, at = event
        step = getattr(fact, "step", None)
        definition = self._definition()
        known = definition.steps.get(step) if definition is not None and step is not None else None
        return Cause(position, version, kind, step, known.title if known else None, actor, at)


def _cells(row: CardRow) -> dict[str, Any]:
    stages = () if row.stages is None or isinstance(row.stages, str) else row.stages
    outcomes = [(dot["key"], dot["outcome"]) for dot in stages if dot["outcome"] is not None]
    return {
        "stage": row.stage,
        "state": row.state,
        "progress": row.progress,
        "outcome": (outcomes, row.outcome),
        "action": row.next_action,
        "next_action": (row.next_action, row.who, row.due_at),
        "due": row.due_on,
        "lowered": row.lowered,
        "also_in": row.also_in,
        "entered_stage": row.entered_stage_at,
        "help": row.help,
        "blocked": row.blocked,
        "override": row.override,
        **{f"stage {dot['key']}": (dot["state"], dot["outcome"]) for dot in stages},
    }
