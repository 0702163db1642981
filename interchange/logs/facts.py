"""One case of a log as the events of one run: facts, also where the rules would have refused them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from domain.document import Document
from domain.events import (
    Event,
    RunCancelled,
    RunCompleted,
    RunEndedEarly,
    RunStarted,
    StepAssigned,
    StepBecameReady,
    StepCancelled,
    StepCompleted,
    StepSkipped,
    StepStarted,
)
from domain.words import Actor, Assignee, StepKey, process_stream
from interchange.bad_log import BadLog
from interchange.logs.document import Layout, inputs_of, key_of
from interchange.logs.mapping import MappedOutcome, Transition
from interchange.logs.report import Report
from interchange.logs.spool import SpooledCase, SpooledEvent
from interchange.logs.times import Clock, instant
from store.events import StreamEvent

STEP_EVENTS = (StepBecameReady, StepAssigned, StepStarted, StepCompleted, StepSkipped, StepCancelled)
"""What a log tells of a step."""
FROM_SOURCE = "recorded so in the imported log"


def run_stream(process: str, case: str) -> UUID:
    """The stream of an imported run: the same case of the same process is the same run."""
    return uuid5(process_stream(process), case)


Instance = str | None
"""What tells work of one step apart that goes on at the same time."""


@dataclass
class Rounds:
    """Counts the rounds of each step.

    Work that is started again opens a new round, also while one is open. A completion ends the one with its instance;
    where the log names none, the one started first. ``named`` are the instances of those that have one.
    """

    number: dict[StepKey, int] = field(default_factory=dict)
    named: dict[tuple[StepKey, int], str] = field(default_factory=dict)
    scheduled: dict[tuple[StepKey, Instance], int] = field(default_factory=dict)
    started: dict[StepKey, list[tuple[Instance, int]]] = field(default_factory=dict)

    def schedule(self, step: StepKey, instance: Instance = None) -> int:
        """The round that waits to be started."""
        if (step, instance) not in self.scheduled:
            self.scheduled[step, instance] = self._next(step, instance)
        return self.scheduled[step, instance]

    def assign(self, step: StepKey, instance: Instance = None) -> int:
        """The round that somebody is given: work of this name that goes on, else what waits."""
        running = (number for named, number in self.started.get(step, []) if named == instance is not None)
        return next(running, None) or self.schedule(step, instance)

    def start(self, step: StepKey, instance: Instance = None) -> int:
        """The round that is begun: the one that waits for it, else a new one."""
        begun = self._taken(step, instance) or self._next(step, instance)
        instance = instance or self.named.get((step, begun))
        self.started.setdefault(step, []).append((instance, begun))
        self._name(step, begun, instance)
        return begun

    def end(self, step: StepKey, instance: Instance = None) -> tuple[int, bool]:
        """The round that is ended, and whether it had been started."""
        running = self.started.get(step, [])
        place = _place_of(instance, [named for named, _ in running])
        if place is not None:
            return running.pop(place)[1], True
        return self._taken(step, instance) or self._next(step, instance), False

    def told(self, event: Event) -> None:
        """Go on from an event that has its round already."""
        match event:
            case StepBecameReady() | StepAssigned():
                if event.round not in self._running(event.step):
                    self.scheduled[event.step, self.named.get((event.step, event.round))] = event.round
            case StepStarted():
                self._forget(event.step, event.round)
                named = self.named.get((event.step, event.round))
                self.started.setdefault(event.step, []).append((named, event.round))
            case StepCompleted() | StepSkipped() | StepCancelled():
                self._forget(event.step, event.round)
            case _:
                pass

    def _running(self, step: StepKey) -> list[int]:
        return [number for _, number in self.started.get(step, [])]

    def _forget(self, step: StepKey, number: int) -> None:
        """What waited in this round waits no more, and what went on in it is over: the first where there are two."""
        self.scheduled = {
            work: waits for work, waits in self.scheduled.items() if (work[0], waits) != (step, number)
        }
        if number in (running := self._running(step)):
            self.started[step].pop(running.index(number))

    def unfinished(self) -> int:
        """How many rounds were started and not ended."""
        return sum(map(len, self.started.values()))

    def _taken(self, step: StepKey, instance: Instance) -> int | None:
        """The round that waits under this instance; the first where it, or what waits, has none."""
        waiting = [named for key, named in self.scheduled if key == step]
        place = _place_of(instance, waiting)
        return None if place is None else self.scheduled.pop((step, waiting[place]))

    def _next(self, step: StepKey, instance: Instance) -> int:
        self.number[step] = self.number.get(step, 0) + 1
        self._name(step, self.number[step], instance)
        return self.number[step]

    def _name(self, step: StepKey, number: int, instance: Instance) -> None:
        if instance is not None:
            self.named[step, number] = instance


def _place_of(instance: Instance, running: list[Instance]) -> int | None:
    """Where the work of this instance stands among these; the first where it, or what stands there, has none."""
    if instance in running:
        return running.index(instance)
    free = (place for place, named in enumerate(running) if named is None or instance is None)
    return next(free, None)


class History(NamedTuple):
    """The events of a run, and what the log calls the work in their rounds, where it names any."""

    events: list[Event]
    named: Mapping[tuple[StepKey, int], str]

    def in_stream(self, stream: UUID, after_version: int, meta: Mapping[str, Any]) -> list[StreamEvent]:
        """Behind that version. The name of the work stays in meta: it says which end belongs to which start."""
        return [
            StreamEvent(stream, version, event, {**meta, **self._instance(event)})
            for version, event in enumerate(self.events, start=after_version + 1)
        ]

    def _instance(self, event: Event) -> dict[str, str]:
        named = self.named.get((event.step, event.round)) if isinstance(event, STEP_EVENTS) else None
        return {} if named is None else {"instance": named}


class Historian:
    """Turns the cases of one file into events, and counts what it finds on the way."""

    def __init__(
        self,
        document: Document,
        version: int,
        layout: Layout,
        clock: Clock,
        report: Report,
        project: UUID | None,
    ) -> None:
        """``document`` and ``version`` are what the runs follow; ``project`` shows them as cards."""
        self.process, self.version, self.project = document.key, version, project
        self.layout, self.mapping, self.clock, self.report = layout, layout.mapping, clock, report
        self._decisive: dict[StepKey, MappedOutcome] = {
            layout.step_of[outcome.activity]: outcome for outcome in self.mapping.outcomes
        }
        self._fields: dict[str, str] = {}

    def history(self, case: SpooledCase) -> History:
        """The run's whole history, in the order in which it happened."""
        first = case.events[0] if case.events else None
        begun = self._time(case, self.mapping.columns.started_at) or (instant(first.at_us) if first else None)
        if begun is None:
            raise BadLog(
                f"the case {case.case!r} has no events and no time of its own", line=case.line,
                accepted="at least one event in every case, or a started_at column",
            )  # fmt: skip
        steps = list(self.steps(case.events, rounds := Rounds()))
        self.report.started_without_completion += rounds.unfinished()
        end = self.ended(case, steps)
        self._count(end)
        return History(
            [self._started(case, begun, first), *steps, *([] if end is None else [end])], rounds.named
        )

    def _started(self, case: SpooledCase, begun: datetime, first: SpooledEvent | None) -> RunStarted:
        return RunStarted(
            at=begun,
            by=_actor(first.actor) if first else None,
            process=self.process,
            process_version=self.version,
            name=self.mapping.run_name.replace("{case}", case.case),
            subject=case.case,
            inputs=self.inputs(case),
            project=self.project,
            target_at=self.target_at(case),
            imported=True,
        )

    def inputs(self, case: SpooledCase) -> dict[str, Any]:
        """What the case says of itself."""
        return inputs_of(case.attributes, self.layout.input_of)

    def target_at(self, case: SpooledCase) -> datetime | None:
        """When the case is to be finished."""
        return self._time(case, self.mapping.columns.target_at)

    def steps(self, events: Iterable[SpooledEvent], rounds: Rounds) -> Iterator[Event]:
        """What happened at the steps, in rounds that go on from those given."""
        for event in events:
            transition = self.mapping.transition(event.transition)
            if transition is None:
                raise BadLog(
                    f"unknown transition {event.transition!r}",
                    line=event.line,
                    accepted="schedule, start, complete …, or a line under transitions: in the --stages file",
                )
            yield from self._step(event, transition, rounds)

    def _step(self, event: SpooledEvent, transition: Transition, rounds: Rounds) -> Iterator[Event]:
        step = self.layout.step_of[event.activity]
        at, by, told = instant(event.at_us), _actor(event.actor), event.instance
        match transition:
            case "scheduled":
                yield StepBecameReady(
                    at=at, by=by, step=step, round=rounds.schedule(step, told), cause="import"
                )
            case "assigned":
                who = Assignee(by) if by else None
                number = rounds.assign(step, told)
                yield StepAssigned(at=at, by=by, step=step, round=number, assignee=who, cause="import")
            case "started":
                yield StepStarted(at=at, by=by, step=step, round=rounds.start(step, told))
            case "completed":
                number, begun = rounds.end(step, told)
                self.report.completed_without_start += not begun
                yield StepCompleted(at=at, by=by, step=step, round=number, values=self._values(event))
            case "skipped":
                number, _begun = rounds.end(step, told)
                yield StepSkipped(at=at, by=by, step=step, round=number, reason=FROM_SOURCE, cause="import")
            case "cancelled":
                yield StepCancelled(at=at, by=by, step=step, round=rounds.end(step, told)[0], cause="import")
            case "ignored":
                self.report.ignored_events += 1

    def _values(self, event: SpooledEvent) -> dict[str, Any]:
        for name in event.extras:
            if name not in self._fields:
                self._fields[name] = key_of(name, self._fields.values())
        return {self._fields[name]: value for name, value in event.extras.items()}

    def ended(self, case: SpooledCase, steps: Sequence[Event]) -> Event | None:
        """How the run with these steps ended; None while it is open."""
        decided = self._decided(steps)
        ended_at = self._time(case, self.mapping.columns.ended_at)
        if decided is None and ended_at is None:
            return None
        outcome = decided.outcome if decided else self.mapping.ended_means or "Ended"
        return self._end(decided, outcome, ended_at or last_of(case, steps))

    def _count(self, end: Event | None) -> None:
        if end is None:
            self.report.open_runs += 1
            return
        outcome = str(end.reason if isinstance(end, RunCancelled) else getattr(end, "outcome", ""))
        self.report.outcomes[outcome] = self.report.outcomes.get(outcome, 0) + 1

    def _end(self, decided: MappedOutcome | None, outcome: str, at: datetime) -> Event:
        match decided.ends if decided else "completed":
            case "completed":
                return RunCompleted(at=at, outcome=outcome)
            case "ended_early":
                step = self.layout.step_of[decided.activity] if decided else None
                return RunEndedEarly(at=at, outcome=outcome, step=step)
            case "cancelled":
                return RunCancelled(at=at, reason=outcome)

    def _decided(self, steps: Sequence[Event]) -> MappedOutcome | None:
        for event in reversed(steps):
            if isinstance(event, StepCompleted) and event.step in self._decisive:
                return self._decisive[event.step]
        return None

    def _time(self, case: SpooledCase, column: str | None) -> datetime | None:
        text = case.attributes.get(column) if column else None
        return None if text is None else instant(self.clock.microseconds(str(text), case.line, column))


def _actor(name: str | None) -> Actor | None:
    return None if name is None else Actor(f"person:{name}")


def last_of(case: SpooledCase, steps: Sequence[Event]) -> datetime:
    """When something last happened."""
    known = [instant(case.events[-1].at_us)] if case.events else []
    return max([*known, *(event.at for event in steps[-1:])], default=instant(0))
