"""Simulates the rest of a run many times over: the graph of its steps, what is known of each, and chance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from domain.definition import Definition
from domain.document import AnchorStepDone, AnchorStepReady, Due, EndsRun, Requires
from domain.forecast.durations import Duration, Numbers, draw
from domain.forecast.features import Floats
from domain.forecast.plan import Plan, answer, not_before
from domain.forecast.steps import StepModel
from domain.forecast.working_time import Axis
from domain.run import Run
from domain.run.alarms import rule_instant
from domain.run.state import SATISFIED
from domain.schedule import Calendar
from domain.words import StageKey, StepKey

SIMULATIONS = 1_000
MOST_REFUSALS = 3
"""An approval is refused at most so often in a simulation."""
BEYOND = 0.99
"""Work older than this share of all that was seen starts anew: its age says nothing more about its end."""
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Situation:
    """A run at a moment (``now``, seconds since 1970). ``waiting`` and ``working`` are the ages of its open steps."""

    stream: UUID
    plan: Plan
    model: StepModel
    run: Run
    axis: Axis
    calendar: Calendar
    now: float
    waiting: Mapping[StepKey, float] = field(default_factory=dict)
    working: Mapping[StepKey, float] = field(default_factory=dict)

    @property
    def definition(self) -> Definition:
        """The version that the run follows."""
        return self.plan.definition


@dataclass
class Futures:
    """What was drawn for each step that is left: rows are ``keys`` in order, columns simulations, working seconds."""

    situation: Situation
    keys: tuple[StepKey, ...]
    now: float
    waits: Numbers
    works: Numbers
    again: Floats
    ends_run: Bools
    applies: Bools
    figures: tuple[tuple[Duration, Duration], ...]


@dataclass(frozen=True)
class Outcome:
    """When steps began to be workable and were done in each simulation, and when the run ended (working seconds)."""

    futures: Futures
    begins: Floats
    ends: Floats
    finish: Floats

    @property
    def left(self) -> Floats:
        """The working time that was left until the end."""
        return self.finish - self.futures.now


def seed_of(position: int, run: UUID) -> list[int]:
    """What chance starts from: the same log position and run give the same forecast."""
    return [position, run.int & 0xFFFF_FFFF_FFFF_FFFF, run.int >> 64]


def imagine(situation: Situation, seed: list[int], simulations: int = SIMULATIONS) -> Futures:
    """Draw everything that chance decides about the rest of a run."""
    run, plan = situation.run, situation.plan
    keys = tuple(key for key in plan.order if run.step(key).state not in SATISFIED)
    chance = np.random.default_rng(seed)
    return _Draws(situation, keys, chance, simulations).made()


class _Draws:
    """One call of ``imagine``."""

    def __init__(
        self, situation: Situation, keys: tuple[StepKey, ...], chance: np.random.Generator, simulations: int
    ) -> None:
        self.situation, self.keys, self.chance, self.simulations = situation, keys, chance, simulations
        self.figures = tuple(self._durations(key) for key in keys)
        self.redo = [self._redone(key) for key in keys]

    def made(self) -> Futures:
        """All rows are drawn in one go: waits, works, then what refusals have done again."""
        redo = [pair for rows in self.redo for pair in rows]
        tables = [pair[0] for pair in self.figures] + [pair[1] for pair in self.figures] + redo
        levels = self.chance.random(
            (len(tables), self.simulations), np.float32
        )  # to a second in a hundred days
        ages = self._condition(levels)
        drawn = (
            draw(np.stack([each.quantiles for each in tables], dtype=np.float32), levels)
            if tables
            else levels
        )
        drawn[: len(ages)] -= ages[:, None]
        np.maximum(drawn, 0.0, out=drawn)
        count = len(self.keys)
        self._close(drawn)
        again, ends_run = self._refusals(drawn[2 * count :])
        now = float(self.situation.axis.working(self.situation.now))
        return Futures(
            self.situation, self.keys, now, drawn[:count], drawn[count : 2 * count], again, ends_run, self._applies(),
            self.figures,
        )  # fmt: skip

    def _durations(self, key: StepKey) -> tuple[Duration, Duration]:
        """Waiting and work of a step: what was seen, shrunk to what the author expects."""
        situation = self.situation
        return situation.model.usual(key, situation.plan.author(key, situation.axis.day_seconds)[0])

    def _redone(self, key: StepKey) -> list[Duration]:
        """What a refusal of this approval makes happen again: the steps that it reopens, then the approval itself."""
        if key not in self.situation.plan.redone:
            return []
        return [each for again in (*self.situation.plan.redone[key], key) for each in self._durations(again)]

    def _condition(self, levels: Numbers) -> Numbers:
        """Open work has lasted for a while: what is drawn for it is at least that long (residual life). Its ages."""
        count, situation = len(self.keys), self.situation
        ages = np.zeros(2 * count, np.float32)
        for place, key in enumerate(self.keys):
            for row, open_for in (
                (place, situation.waiting.get(key)),
                (count + place, situation.working.get(key)),
            ):
                if not open_for:
                    continue
                reached = self.figures[place][row >= count].reached(open_for)
                if reached < BEYOND:
                    levels[row] = reached + levels[row] * (1 - reached)
                    ages[row] = open_for
        return ages

    def _close(self, drawn: Numbers) -> None:
        """Who has begun waits no longer; what ends at an instant takes no time of its own."""
        count, steps = len(self.keys), self.situation.definition.steps
        for place, key in enumerate(self.keys):
            if key in self.situation.working:
                drawn[place] = 0.0
            if not_before(steps[key]) is not None:
                drawn[place] = drawn[count + place] = 0.0

    def _refusals(self, redo: Numbers) -> tuple[Floats, Bools]:
        """The time that refusals cost, and in which simulations they end the run."""
        shape = len(self.keys), self.simulations
        again, ends_run = np.zeros(shape), np.zeros(shape, bool)
        at = 0
        for place, key in enumerate(self.keys):
            rows = redo[at : at + len(self.redo[place])]
            at += len(rows)
            step = self.situation.definition.steps[key]
            if step.approval is None:
                continue
            refusal_rate = self.situation.model.of(key).refusal_rate
            chance = self.chance.random(self.simulations)
            if isinstance(step.approval.on_refusal, EndsRun):
                ends_run[place] = chance < refusal_rate
                continue
            times = sum((chance < refusal_rate**count).astype(float) for count in range(1, MOST_REFUSALS + 1))
            again[place] = times * self._path(
                key, rows, only_own=isinstance(step.approval.on_refusal, Requires)
            )
        return again, ends_run

    def _path(self, key: StepKey, rows: Numbers, *, only_own: bool) -> Numbers:
        """How long it takes to do these steps again, one after or beside the other as the graph says, and to decide."""
        steps = self.situation.plan.redone[key]
        own = rows[-2] + rows[-1]
        done: dict[StepKey, Numbers] = {}
        for place, each in enumerate(() if only_own else steps):
            earlier = [done[other] for other in self.situation.definition.dependencies[each] if other in done]
            done[each] = rows[2 * place] + rows[2 * place + 1] + (np.max(earlier, axis=0) if earlier else 0.0)
        return np.asarray(own + (np.max(list(done.values()), axis=0) if done else 0.0))

    def _applies(self) -> Bools:
        """Whether each step takes part: what is known decides, what is not known yet happens as often as it did.

        Steps with the same condition share its outcome.
        """
        situation = self.situation
        applies = np.ones((len(self.keys), self.simulations), bool)
        known = _settled(situation)
        chances: dict[str, Floats] = {}
        for place, key in enumerate(self.keys):
            condition = situation.definition.steps[key].when
            told = answer(condition, situation.run.values, known, situation.calendar.zone)
            if told is None and condition is not None:
                name = condition.model_dump_json()
                if name not in chances:
                    chances[name] = self.chance.random(self.simulations)
                applies[place] = chances[name] < situation.model.of(key).taken_rate
            elif told is False:
                applies[place] = False
        return applies


def _settled(situation: Situation) -> dict[str, bool]:
    """Which fields have their final value: inputs, and those of steps that have ended."""
    run, definition = situation.run, situation.definition
    known = {path: path.startswith("inputs.") for path in definition.read_by}
    for path in known:
        owner = StepKey(path.partition(".")[0])
        if owner in definition.steps:
            known[path] = run.step(owner).state in SATISFIED
    return known


def unfold(futures: Futures, *, waits: Numbers | None = None, works: Numbers | None = None) -> Outcome:
    """Let time flow through the graph; with other waits or works than drawn it answers what would be then."""
    waits = futures.waits if waits is None else waits
    works = futures.works if works is None else works
    spans = (waits + works + futures.again).astype(float) * futures.applies
    place = {key: number for number, key in enumerate(futures.keys)}
    begins, ends = np.empty_like(spans), np.empty_like(spans)
    early = np.full(spans.shape[1], np.inf)
    for number, key in enumerate(futures.keys):
        before = [place[each] for each in futures.situation.definition.dependencies[key] if each in place]
        begins[number] = ends[before].max(axis=0) if before else futures.now
        ends[number] = begins[number] + spans[number]
        if (rule := not_before(futures.situation.definition.steps[key])) is not None:
            floor = _floor(futures, rule, key, place, begins, ends)
            ends[number] = np.where(futures.applies[number], np.maximum(ends[number], floor), ends[number])
        if futures.ends_run[number].any():
            stops = futures.ends_run[number] & futures.applies[number]
            early = np.minimum(early, np.where(stops, ends[number], np.inf))
    return Outcome(futures, begins, ends, np.minimum(early, _last(futures, ends, deciding(futures))))


def deciding(futures: Futures) -> list[int]:
    """The rows that a run has to wait for: required steps, and what somebody asked to be done again."""
    run, definition = futures.situation.run, futures.situation.definition
    needed = set(definition.needed)
    return [row for row, key in enumerate(futures.keys) if key in needed or run.step(key).wanted]


def deciding_in(futures: Futures, stage: StageKey) -> list[int]:
    """The rows that the end of this stage has to wait for; none when it is over."""
    definition = futures.situation.definition
    steps, needed = definition.steps_of[stage], set(deciding(futures))
    left = [row for row, key in enumerate(futures.keys) if key in steps]
    wanted = [row for row in left if row in needed]
    return wanted or ([] if any(definition.steps[key].required for key in steps) else left)


def aim(futures: Futures) -> list[int]:
    """The rows that what is aimed for has to wait for: the stage that an open target is for, else the whole run."""
    situation = futures.situation
    stage = situation.definition.document.target_stage
    if stage is None or situation.run.target_at is None:
        return deciding(futures)
    return deciding_in(futures, stage) or deciding(futures)


def open_target(futures: Futures) -> float | None:
    """The target of the run (seconds since 1970) unless the stage that it is for is over."""
    situation = futures.situation
    stage, target_at = situation.definition.document.target_stage, situation.run.target_at
    if target_at is None or (stage is not None and not deciding_in(futures, stage)):
        return None
    return target_at.timestamp()


def ends_of(outcome: Outcome, rows: list[int]) -> Floats:
    """When the last of these rows was done, or the run ended before, in every simulation (working seconds)."""
    return np.minimum(outcome.finish, _last(outcome.futures, outcome.ends, rows))


def stage_ends(outcome: Outcome) -> dict[StageKey, Floats]:
    """When each stage that is not over was done, in every simulation."""
    futures = outcome.futures
    waited = {stage: deciding_in(futures, stage) for stage in futures.situation.definition.steps_of}
    return {stage: ends_of(outcome, rows) for stage, rows in waited.items() if rows}


def critical(outcome: Outcome) -> Floats:
    """The mean working seconds that each row adds to the way to what is aimed for: walked back from its last step."""
    futures = outcome.futures
    place = {key: number for number, key in enumerate(futures.keys)}
    on_way = np.zeros(outcome.ends.shape, bool)
    rows = aim(futures) or list(range(len(futures.keys)))
    if not rows:
        return np.zeros(0)
    last = np.array(rows)[np.argmax(outcome.ends[rows], axis=0)]
    on_way[last, np.arange(outcome.ends.shape[1])] = True
    for number in reversed(range(len(futures.keys))):
        free = on_way[number].copy()
        for each in futures.situation.definition.dependencies[futures.keys[number]]:
            if each in place and free.any():
                here = free & (outcome.ends[place[each]] >= outcome.begins[number])
                on_way[place[each]] |= here
                free &= ~here
    return np.asarray(((outcome.ends - outcome.begins) * on_way).mean(axis=1))


def _last(futures: Futures, ends: Floats, rows: list[int]) -> Floats:
    if not rows:
        return np.full(ends.shape[1], futures.now)
    return np.asarray(ends[rows].max(axis=0))


def _floor(
    futures: Futures, rule: Due, key: StepKey, place: Mapping[StepKey, int], begins: Floats, ends: Floats
) -> Floats:
    """The working second before which a step cannot end."""
    situation = futures.situation
    match rule.anchor:
        case AnchorStepDone(step_done=anchor) if anchor in place:
            return _offset(situation, rule, ends[place[anchor]])
        case AnchorStepReady(step_ready=anchor) if anchor in place and not situation.run.step(anchor).is_open:
            return _offset(situation, rule, begins[place[anchor]])
    known = situation.run.step(key).due_at if situation.definition.steps[key].kind != "wait" else None
    instant = known or rule_instant(situation.run, situation.definition, rule, situation.calendar)
    return situation.axis.working(-np.inf if instant is None else instant.timestamp())


def _offset(situation: Situation, rule: Due, since: Floats) -> Floats:
    axis = situation.axis
    if rule.unit == "business_days":
        return since + rule.offset * axis.day_seconds
    unit_seconds = 3_600.0 if rule.unit == "hours" else 86_400.0
    return axis.working(axis.instants(since) + rule.offset * unit_seconds)


def instant_of(seconds: float) -> datetime:
    """The UTC instant, to the second."""
    return datetime.fromtimestamp(round(seconds), UTC)
