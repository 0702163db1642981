"""A decision under way: the run as it will be, and the events that make it so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeVar

from domain.comparing import is_set
from domain.definition import Definition
from domain.directory import EMPTY, Directory
from domain.document import Step
from domain.events import AnyRunEvent, AnyRunStreamEvent, AnyStepEvent, Event, StepEvent
from domain.run.entailing import entailed
from domain.run.evolve import completed_values, evolve
from domain.run.evolve_step import evolve_step
from domain.run.guest_addresses import followed
from domain.run.state import SATISFIED, Run, StepState, altered
from domain.run.values import House
from domain.schedule import Calendar
from domain.words import Actor, Rejected, StepKey

E = TypeVar("E", bound=StepEvent)
Standing = Literal["locked", "ready", "not_applicable"]


@dataclass(slots=True)
class Work:
    """Collects what is decided; every event is folded at once, so that the next question sees it.

    ``anchors`` names what changed that dues are counted from; ``first`` is the run when the decision began.
    """

    run: Run
    definition: Definition
    by: Actor | None
    at: datetime
    calendar: Calendar
    directory: Directory = EMPTY
    events: list[Event] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)
    first: Run = field(init=False)
    _own: dict[StepKey, StepState] | None = None
    """The steps of ``run`` once this decision changed one: its own copy, which it may change in place."""

    def __post_init__(self) -> None:
        """Keep the run as it is now."""
        self.first = self.run

    def record(self, event: AnyRunStreamEvent) -> None:
        """Decide this event, and what it entails for the machine."""
        before = self.run
        self._take(event)
        for each in entailed(self.run, self.definition, event, self.by, self.at):
            self._take(each)
        for more in list(followed(before, self.run, self.definition, event, self.by, self.at)):
            self._take(more)

    def _take(self, event: AnyRunStreamEvent) -> None:
        self.events.append(event)
        if not isinstance(event, StepEvent):
            self.run = evolve(self.run, event)
            self._own = self._own if self.run.steps is self._own else None
            return
        if self._own is None:
            self._own = dict(self.run.steps)
            self.run = altered(self.run, steps=self._own)
        if values := completed_values(self.run, event):
            self.run = altered(self.run, values={**self.run.values, **values})
        self._own[event.step] = evolve_step(self.run.step(event.step), event)

    def on(self, kind: type[E], step: StepKey, *, round: int | None = None, **data: Any) -> None:  # noqa: A002 - the event's own word
        """Decide an event of a step, in the step's present round unless another is named."""
        now = self.run.step(step).round if round is None else round
        self.record(kind(step=step, round=now, by=self.by, at=self.at, **data))  # type: ignore[arg-type]  # E is one of the union

    @property
    def house(self) -> House:
        """What values that are given now are judged by."""
        return House(self.directory, self.calendar, self.at)

    def mark(self, event: StepEvent) -> None:
        """Decide an event that changes nothing which this decision still asks for: it is not folded."""
        self.events.append(event)

    def changed(self, paths: Iterable[str]) -> list[StepKey]:
        """Note that these fields changed; the steps whose conditions read them."""
        self.anchors.update(paths)
        return [key for path in paths for key in self.definition.read_by.get(path, ())]


def step_of(definition: Definition, key: StepKey) -> Step:
    """The step of the process; Rejected("unknown_step") where it has none of this key."""
    step = definition.steps.get(key)
    if step is None:
        raise Rejected("unknown_step", f"this process has no step {key!r}")
    return step


def unmet(run: Run, definition: Definition, key: StepKey) -> list[StepKey]:
    """The steps that this one still waits for, in document order; also decisions before them that are asked anew."""
    waits = definition.dependencies[key]
    return [
        other
        for other in definition.steps
        if run.step(other).state not in SATISFIED
        and (other in waits or (run.step(other).asked_anew is not None and definition.is_behind(key, other)))
    ]


def in_running(run: Run) -> None:
    """Rejected("run_ended") unless the run takes work."""
    if run.ended:
        raise Rejected("run_ended", f"the run is {run.state}; reopen one of its steps first", state=run.state)


def in_hand(run: Run, definition: Definition, key: StepKey) -> StepState:
    """The step when somebody can work on it now; else Rejected says why not and what it waits for."""
    in_running(run)
    step = run.step(key)
    if step.is_open:
        return step
    if step.state == "locked":
        waits = unmet(run, definition, key)
        raise Rejected(
            "step_locked",
            f"the step {key} still waits",
            step=key,
            waits_for=waits,
            paused=run.state == "paused",
        )
    raise Rejected(
        "step_ended", f"the step {key} is {step.state}; reopen it first", step=key, state=step.state
    )


def reasoned(reason: str | None) -> str:
    """The reason without the space around it; Rejected("reason_required") when nothing is left."""
    said = (reason or "").strip()
    if not is_set(said):
        raise Rejected("reason_required", "say why, in a word at least", field="reason")
    return said


def decided(run: Run, definition: Definition, event: AnyRunEvent | AnyStepEvent) -> list[Event]:
    """The event with what it entails for the machine, such as a mail to whom it concerns."""
    work = Work(run, definition, event.by, event.at, Calendar())
    work.record(event)
    return work.events
