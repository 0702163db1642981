"""The times of the steps of a run: what is still to come, when a locked step will be due, what its due waits for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from domain.definition import Definition, anchor_name
from domain.document import Anchor, AnchorField, AnchorStageEntered, AnchorStepDone, AnchorStepReady
from domain.run import Run, StepState
from domain.run.alarms import REMINDER, rule_instant
from domain.schedule import Calendar
from domain.words import StepKey
from projections.answers import DueWaitsFor
from projections.asking import Conn, rows
from projections.facts.step import StepFacts

Alarms = dict[str, datetime]
Pause = tuple[datetime, datetime]
_NOT_SET = "the target of the run"
_OWN = "being ready: the due is counted from then"


def alarms_of(connection: Conn, run: UUID) -> dict[StepKey, Alarms]:
    """What the timer has still to do for each step; nothing while the run is paused or has ended."""
    found: dict[StepKey, Alarms] = {}
    for step, alarm, at in rows(connection, "run_alarms", run=run):
        found.setdefault(step, {})[alarm] = at
    return found


def pauses_of(connection: Conn, run: UUID) -> tuple[Pause, ...]:
    """The pauses of the run that are over."""
    return paired(rows(connection, "run_pauses", run=run))


def paired(told: Iterable[Sequence[Any]]) -> tuple[Pause, ...]:
    """The pauses that are over, from (type, instant) of the events that begin and end them, in order."""
    found: list[Pause] = []
    begun_at: datetime | None = None
    for kind, at in told:
        if kind == "run_paused":
            begun_at = at
        elif begun_at is not None:
            found.append((begun_at, at))
            begun_at = None
    return tuple(found)


def next_reminder(alarms: Mapping[str, datetime]) -> datetime | None:
    """When the step reminds next."""
    return min((at for name, at in alarms.items() if name.startswith(REMINDER)), default=None)


@dataclass(frozen=True)
class StepTimes:
    """One run as far as its dues are counted from it. ``values`` are those of its steps, by key."""

    definition: Definition
    calendar: Calendar
    started_at: datetime
    target_at: datetime | None
    inputs: Mapping[str, Any]
    steps: Mapping[StepKey, StepFacts]
    values: Mapping[StepKey, Mapping[str, Any] | None]
    pauses: tuple[Pause, ...] = ()

    def due(self, key: StepKey) -> datetime | None:
        """When the step is due: as recorded, else (while it is locked) as its rule says of what is known by now."""
        facts, rule = self.steps.get(key), self.definition.steps[key].due
        if facts is not None and (facts.state != "locked" or facts.due_source == "manual"):
            return facts.due_at
        return None if rule is None else rule_instant(self._run, self.definition, rule, self.calendar)

    def due_waits_for(self, key: StepKey) -> DueWaitsFor | None:
        """What has to be known before the step can have a due; None when it has one, or has no rule."""
        rule = self.definition.steps[key].due
        if rule is None or self.due(key) is not None:
            return None
        own = isinstance(rule.anchor, AnchorStepReady) and rule.anchor.step_ready == key
        return DueWaitsFor(anchor_name(rule.anchor), _OWN if own else self._title(rule.anchor))

    @cached_property
    def _run(self) -> Run:
        """The run as its anchors see it."""
        known = {f"inputs.{key}": value for key, value in self.inputs.items()}
        for key, given in self.values.items():
            known |= {f"{key}.{name}": value for name, value in (given or {}).items()}
        steps = {
            key: StepState(
                ready_at=facts.ready_at,
                first_ready_at=facts.ready_at,
                done_at=facts.ended_at if facts.state == "done" else None,
            )
            for key, facts in self.steps.items()
        }
        return Run(
            started_at=self.started_at,
            target_at=self.target_at,
            values=known,
            steps=steps,
            pauses=self.pauses,
        )

    def _title(self, anchor: Anchor) -> str:
        match anchor:
            case AnchorField(field=path):
                return self._field(path)
            case AnchorStepReady(step_ready=step) | AnchorStepDone(step_done=step):
                return self.definition.steps[step].title if step in self.definition.steps else step
            case AnchorStageEntered(stage_entered=stage):
                return self.definition.stages[stage].title if stage in self.definition.stages else stage
            case _:
                return _NOT_SET

    def _field(self, path: str) -> str:
        owner, _, name = path.partition(".")
        step = self.definition.steps.get(StepKey(owner))
        fields = self.definition.document.inputs if owner == "inputs" else step.fields if step else ()
        return next((field.title for field in fields if field.key == name), path)
