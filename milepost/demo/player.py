"""Plays a run: does what is ready, in simulated time, through the decisions that people's commands take."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from domain.definition import Definition
from domain.document import AUTOMATIC, Requires, Step
from domain.events import (
    Event,
    RoleAssigned,
    RunCancelled,
    RunCompleted,
    RunEndedEarly,
    StepBecameReady,
    StepCompleted,
    StepRelocked,
    StepReopened,
)
from domain.run import (
    RUN,
    Run,
    complete_step,
    decline_signature,
    give_approval,
    refuse_approval,
    save_values,
    start_run,
    start_step,
)
from domain.schedule import Calendar
from domain.words import Actor, Assignee, RoleKey, StepKey, Values
from milepost.demo.cast import AUTOMATION, stand_in
from milepost.demo.values import fill

_ENDS = (RunCompleted, RunEndedEarly, RunCancelled)


@dataclass
class Script:
    """What is special about a run. ``refusals`` says how often an approval is refused before it is given."""

    values: Mapping[str, Values] = field(default_factory=dict)
    refusals: dict[str, int] = field(default_factory=dict)
    declines: frozenset[str] = frozenset()
    stops_at: frozenset[str] = frozenset()
    """Steps that stay ready: nobody does them."""


Decide = Callable[[Run | None], Sequence[Event]]
Execute = Callable[[Decide], Sequence[Event]]
"""Takes a decision on the run's newest state, keeps its events, and returns them."""


@dataclass
class Rehearsal:
    """A run in memory only: what happens in it, and how long that takes."""

    run: Run | None = None
    events: list[Event] = field(default_factory=list)

    def execute(self, decide: Decide) -> Sequence[Event]:
        """Decide, and remember what was decided."""
        events = decide(self.run)
        self.run = RUN.fold(events, self.run)
        self.events += events
        return events


@dataclass
class Player:
    """One run being played."""

    execute: Execute
    definition: Definition
    roles: dict[RoleKey, Assignee]
    calendar: Calendar
    random: Random
    script: Script = field(default_factory=Script)
    ended: bool = False
    held_since: datetime | None = None
    """When the first step that nobody does became ready."""
    _waiting: list[tuple[datetime, str]] = field(default_factory=list)
    _doers: dict[str, Actor] = field(default_factory=dict)

    def perform(self, at: datetime, until: datetime, by: Actor, **given: Any) -> None:
        """Start the run, and go on as ``play`` does."""
        self.start(at, by, **given)
        self.play(until)

    def start(self, at: datetime, by: Actor, **given: Any) -> None:
        """Start the run."""
        self._decide(
            lambda run: start_run(
                run, self.definition, roles=self.roles, by=by, at=at, calendar=self.calendar, **given
            )
        )

    def play(self, until: datetime) -> None:
        """Go on until the run has ended, nothing is ready, or this instant is reached."""
        while self._waiting and not self.ended:
            at, key = heapq.heappop(self._waiting)
            if at > until:
                heapq.heappush(self._waiting, (at, key))
                return
            self._do(self.definition.steps[StepKey(key)], at)

    def _do(self, step: Step, at: datetime) -> None:
        key, by = StepKey(step.key), self._actor(step)
        if step.key in self.script.stops_at:
            return
        if step.key in self.script.declines:
            self._step(decline_signature, key, by, at, reason="We decided for another offer.")
        elif step.kind == "approval":
            self._approve(key, by, at)
        else:
            self._complete(step, key, by, at)

    def _complete(self, step: Step, key: StepKey, by: Actor, at: datetime) -> None:
        if step.kind not in AUTOMATIC:
            begun = at - timedelta(hours=self.random.uniform(0.2, 2.0))
            self._decide(lambda run: start_step(_going(run), self.definition, key, by=by, at=begun))
        values = fill(step.fields, self.random, at, self.script.values.get(step.key, {}))
        self._step(complete_step, key, by, at, values=values)

    def _approve(self, key: StepKey, by: Actor, at: datetime) -> None:
        step = self.definition.steps[key]
        left = self.script.refusals.get(key, 0)
        if left:
            self.script.refusals[key] = left - 1
            later = {path: (at + timedelta(days=14)).date().isoformat() for path in _required(step)}
            self._step(refuse_approval, key, by, at, reason="Not yet: two points are open.", values=later)
            return
        values = fill(step.fields, self.random, at, self.script.values.get(key, {}))
        if values:
            self._decide(lambda run: save_values(_going(run), self.definition, key, values, by=by, at=at))
        self._step(give_approval, key, by, at, comment="Fine with me.")

    def _actor(self, step: Step) -> Actor:
        if step.kind in AUTOMATIC:
            return AUTOMATION
        by = Actor(self.roles.get(RoleKey(step.role or ""), Assignee("person:sam")))
        before = set(step.actor_differs_from) | set(step.approval.covers if step.approval else ())
        before |= set(self.definition.dependencies[StepKey(step.key)]) if step.approval else set()
        busy = {self._doers[key] for key in before if key in self._doers}
        return stand_in(busy) if by in busy else by

    def _step(
        self, decision: Callable[..., Sequence[Event]], key: StepKey, by: Actor, at: datetime, **given: Any
    ) -> None:
        self._decide(
            lambda run: decision(
                _going(run), self.definition, key, by=by, at=at, calendar=self.calendar, **given
            )
        )

    def _decide(self, decide: Decide) -> None:
        for event in self.execute(decide):
            self._notice(event)

    def _notice(self, event: Event) -> None:
        match event:
            case StepBecameReady():
                if event.step in self.script.stops_at:
                    self.held_since = self.held_since or event.at
                heapq.heappush(self._waiting, (event.at + self._duration(event.step), event.step))
            case StepCompleted() if event.by is not None:
                self._doers[event.step] = event.by
            case StepRelocked() | StepReopened():
                self._waiting = [(at, key) for at, key in self._waiting if key != event.step]
                heapq.heapify(self._waiting)
            case RoleAssigned() if event.assignee is not None:
                self.roles[event.role] = event.assignee
            case _ if isinstance(event, _ENDS):
                self.ended = True
            case _:
                pass

    def _duration(self, key: str) -> timedelta:
        """Log-normal, in hours; what customers and candidates do has a heavy tail."""
        step = self.definition.steps[StepKey(key)]
        role = self.definition.roles.get(RoleKey(step.role or ""))
        if step.kind in AUTOMATIC and step.kind != "wait":
            return timedelta(seconds=self.random.uniform(1, 20))
        median, spread = (30.0, 1.1) if role is not None and role.guest else (9.0, 0.8)
        return timedelta(hours=median * self.random.lognormvariate(0.0, spread))


def _going(run: Run | None) -> Run:
    assert run is not None  # the player started it
    return run


def _required(step: Step) -> tuple[str, ...]:
    """The fields that need a new value when this approval is refused."""
    refusal = step.approval.on_refusal if step.approval else None
    return refusal.requires if isinstance(refusal, Requires) else ()
