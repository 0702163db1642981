"""Plays a run: does what is ready, in simulated time, through the decisions that people's commands take."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from domain.definition import Definition
from domain.directory import Directory
from domain.document import AUTOMATIC, Requires, Step
from domain.events import (
    Event,
    RoleAssigned,
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
    request_help,
    start_run,
    start_step,
)
from domain.schedule import Calendar
from domain.words import Actor, Assignee, RoleKey, StepKey, Values
from milepost.demo.cast import AUTOMATION, stand_in
from milepost.demo.machine import Machine
from milepost.demo.staff import house
from milepost.demo.values import fill

IN_GOOD_TIME, AT_ONCE = timedelta(hours=1), timedelta(minutes=6)
"""How long before its due a step is done that must not be late, and how long it takes at least."""
NAMELESS = UUID(int=0)
"""The id of a run that nothing outside is told about."""


@dataclass
class Script:
    """What is special about a run. ``refusals`` says how often an approval is refused before it is given."""

    values: Mapping[str, Values] = field(default_factory=dict)
    refusals: dict[str, int] = field(default_factory=dict)
    declines: frozenset[str] = frozenset()
    stops_at: frozenset[str] = frozenset()
    """Steps that stay ready: nobody does them."""
    refused_calls: dict[str, str] = field(default_factory=dict)
    """Calls of steps that failed for good, with what the service answered."""
    in_time: bool = False
    """Whether everybody does what they do before it is due."""
    help: tuple[str, str, str] | None = None
    """A step in which somebody asks for help some hours after it became ready: step, reason, who is waited for."""


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
    run_id: UUID = NAMELESS
    directory: Directory = field(default_factory=house)
    run: Run | None = None
    held_since: datetime | None = None
    """When the first step that nobody does became ready."""
    latest: datetime | None = None
    """When the newest event happened: what comes late is done then, not before."""
    _waiting: list[tuple[datetime, str, str]] = field(default_factory=list)
    """What people do: when, in which step, and what (``start``, ``do`` or ``help``)."""
    _doers: dict[str, Actor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._seed = self.random.getrandbits(64)

    def perform(self, at: datetime, until: datetime, by: Actor, **given: Any) -> None:
        """Start the run, and go on as ``play`` does."""
        self.start(at, by, **given)
        self.play(until)

    def start(self, at: datetime, by: Actor, **given: Any) -> None:
        """Start the run."""
        self._decide(
            lambda run: start_run(
                run,
                self.definition,
                roles=self.roles,
                by=by,
                at=at,
                calendar=self.calendar,
                directory=self.directory,
                **given,
            )
        )

    def play(self, until: datetime, *, until_held: bool = False) -> None:
        """Go on until nothing is to be done any more, or this instant, or (``until_held``) a held step is reached."""
        script = self.script
        machine = Machine(
            self.run_id, self.definition, self.calendar, script.values, script.refused_calls, self.directory
        )
        while not (until_held and self.held_since):
            by_machine = machine.next(_going(self.run), self.latest)
            person_at = self._waiting[0][0] if self._waiting else None
            if by_machine is not None and (person_at is None or by_machine.at <= person_at):
                if by_machine.at > until:
                    return
                self._decide(lambda run, what=by_machine: machine.act(_going(run), what))  # type: ignore[misc]
            elif person_at is not None and person_at <= until:
                self._do(*heapq.heappop(self._waiting))
            else:
                return

    def overdue(self, now: datetime) -> frozenset[str]:
        """The open steps that should have been done by now."""
        steps = _going(self.run).steps.items()
        return frozenset(
            key for key, step in steps if step.is_open and step.due_at is not None and step.due_at < now
        )

    def _do(self, at: datetime, name: str, what: str) -> None:
        key, step = StepKey(name), self.definition.steps[StepKey(name)]
        run, by = _going(self.run), self._actor(step)
        if run.ended or not run.step(key).is_open:
            return
        if what == "help" and self.script.help:
            _, reason, asked = self.script.help
            self._decide(
                lambda run: request_help(_going(run), self.definition, key, reason, asked, by=by, at=at)
            )
        elif what == "start":
            self._decide(lambda run: start_step(_going(run), self.definition, key, by=by, at=at))
        elif name in self.script.declines:
            self._step(decline_signature, key, by, at, reason="We decided for another offer.")
        elif step.kind == "approval":
            self._approve(key, by, at)
        else:
            values = fill(step.fields, self.random, at, self.script.values.get(name, {}))
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
        self._step(give_approval, key, by, at, comment="Fine with me.", values=values)

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
        told = {"by": by, "at": at, "calendar": self.calendar, "directory": self.directory, **given}
        self._decide(lambda run: decision(_going(run), self.definition, key, **told))

    def _decide(self, decide: Decide) -> None:
        events = self.execute(decide)
        self.run = RUN.fold(events, self.run)
        for event in events:
            self.latest = max(event.at, self.latest or event.at)
            self._notice(event)

    def _notice(self, event: Event) -> None:
        match event:
            case StepBecameReady():
                self._plan(event)
            case StepCompleted() if event.by is not None:
                self._doers[event.step] = event.by
            case StepRelocked() | StepReopened():
                self._waiting = [one for one in self._waiting if one[1] != event.step]
                heapq.heapify(self._waiting)
            case RoleAssigned() if event.assignee is not None:
                self.roles[event.role] = event.assignee
            case _:
                pass

    def _plan(self, event: StepBecameReady) -> None:
        """When somebody begins the step, and when they are done with it; what the machine does it does by itself."""
        step, asked = self.definition.steps[event.step], self.script.help
        took = self._duration(event.step, event.round)
        if self.script.in_time and event.due_at is not None:
            took = min(took, max(event.due_at - event.at - IN_GOOD_TIME, AT_ONCE))
        if asked is not None and asked[0] == event.step:
            heapq.heappush(self._waiting, (event.at + timedelta(hours=9), event.step, "help"))
        if event.step in self.script.stops_at:
            self.held_since = self.held_since or event.at
            return
        if step.kind in AUTOMATIC and step.kind != "wait":
            return
        if step.kind not in {"wait", "approval"}:
            begun = max(event.at, event.at + took - timedelta(hours=self.random.uniform(0.2, 2.0)))
            heapq.heappush(self._waiting, (begun, event.step, "start"))
        heapq.heappush(self._waiting, (event.at + took, event.step, "do"))

    def _duration(self, key: str, number: int) -> timedelta:
        """Log-normal, in hours; what customers and candidates do has a heavy tail.

        How long a round of a step takes does not depend on when it comes.
        """
        step = self.definition.steps[StepKey(key)]
        role = self.definition.roles.get(RoleKey(step.role or ""))
        median, spread = (30.0, 1.1) if role is not None and role.guest else (9.0, 0.8)
        chance = Random(f"{self._seed} {key} {number}")  # noqa: S311 - a play, not a secret
        return timedelta(hours=median * chance.lognormvariate(0.0, spread))


def _going(run: Run | None) -> Run:
    assert run is not None  # the player started it
    return run


def _required(step: Step) -> tuple[str, ...]:
    """The fields that need a new value when this approval is refused."""
    refusal = step.approval.on_refusal if step.approval else None
    return refusal.requires if isinstance(refusal, Requires) else ()
