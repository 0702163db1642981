"""What the history of a process says of each step: how long it waits, how long it takes, how often it happens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from domain.forecast.durations import ENOUGH, GRID, Duration, expected, rate, seen
from domain.forecast.features import Floats
from domain.forecast.trails import Mark, Trail
from domain.forecast.working_time import Axis

PRIOR_REFUSAL = 0.05
"""How often an approval is refused before anything was seen."""
PRIOR_TAKEN = 0.5
"""How often a condition that nobody can answer yet holds before anything was seen."""
WAIT_SHARE = 0.75
"""How much of what an author expects of a step is waiting for somebody to begin; the rest is work."""
Pair = tuple[float, bool]
"""(working seconds, whether it was finished)"""


@dataclass
class StepHistory:
    """What was seen of one step. ``taken`` and ``set_aside`` count runs, the others count rounds."""

    waits: list[Pair] = field(default_factory=list)
    works: list[Pair] = field(default_factory=list)
    done: int = 0
    refused: int = 0
    reopened: int = 0
    taken: int = 0
    set_aside: int = 0


@dataclass(frozen=True)
class Seen:
    """One duration as it was seen: quantiles in working seconds, finished and open samples."""

    quantiles: Floats
    samples: int
    open: int

    @classmethod
    def of(cls, pairs: list[Pair]) -> Seen:
        """From samples."""
        seconds, finished = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        return cls(seen(seconds, finished), sum(finished), len(pairs) - sum(finished))

    def with_author(self, seconds: float) -> Duration:
        """Shrunk to what the author expects (see durations.learn)."""
        share = min(1.0, self.samples / ENOUGH)
        return Duration(share * self.quantiles + (1 - share) * expected(seconds), self.samples, self.open)


NOTHING = Seen(np.zeros(len(GRID)), 0, 0)


@dataclass(frozen=True)
class StepFigures:
    """What is known of one step."""

    wait: Seen = NOTHING
    work: Seen = NOTHING
    done: int = 0
    refused: int = 0
    reopened: int = 0
    taken: int = 0
    set_aside: int = 0

    @property
    def refusal_rate(self) -> float:
        """The share of decisions that were refusals, from few cases drawn to PRIOR_REFUSAL."""
        return rate(self.refused, self.refused + self.done, PRIOR_REFUSAL)

    @property
    def taken_rate(self) -> float:
        """The share of runs whose condition held, from few cases drawn to one half."""
        return rate(self.taken, self.taken + self.set_aside, PRIOR_TAKEN, 2)


@dataclass(frozen=True)
class StepModel:
    """What the history of a process says, by step key; steps of the same key in other versions count too."""

    steps: Mapping[str, StepFigures] = field(default_factory=dict)
    runs: int = 0
    _usual: dict[tuple[str, float], tuple[Duration, Duration]] = field(
        default_factory=dict, compare=False, repr=False
    )

    def of(self, key: str) -> StepFigures:
        """What is known of a step; nothing of one that was never seen."""
        return self.steps.get(key, _UNSEEN)

    def usual(self, key: str, author_seconds: float) -> tuple[Duration, Duration]:
        """Waiting and work of a step, shrunk to what its author expects of both together; worked out once."""
        known = self._usual.get((key, author_seconds))
        if known is None:
            figures = self.of(key)
            wait = figures.wait.with_author(WAIT_SHARE * author_seconds)
            known = wait, figures.work.with_author((1 - WAIT_SHARE) * author_seconds)
            self._usual[key, author_seconds] = known
        return known

    def stored(self) -> dict[str, Any]:
        """As JSON."""
        return {"runs": self.runs, "steps": {key: _stored(figures) for key, figures in self.steps.items()}}

    @classmethod
    def of_stored(cls, stored: Mapping[str, Any]) -> StepModel:
        """From such JSON."""
        return cls({key: _of_stored(each) for key, each in stored["steps"].items()}, stored["runs"])


_UNSEEN = StepFigures()


def learn_steps(
    trails: Iterable[Trail], axis: Axis, now: float, imported_until: float | None = None
) -> StepModel:
    """Every step's waiting and working times, on working time without pauses; what is open is a censored sample.

    ``imported_until``: until when imported runs were watched; ``now`` without it.
    """
    found: dict[str, StepHistory] = {}
    runs = 0
    for trail in trails:
        runs += trail.ended_at is not None
        watched = now if imported_until is None or not trail.imported else imported_until
        _Walk(found, trail, axis, watched).through()
    return StepModel(
        {
            key: StepFigures(
                Seen.of(each.waits), Seen.of(each.works), each.done, each.refused, each.reopened, each.taken,
                each.set_aside,
            )
            for key, each in found.items()
        },
        runs,
    )  # fmt: skip


Work = tuple[str, int]
"""(step, round): an imported log may have several rounds of a step going on at once."""


class _Walk:
    """Goes through one run and notes what its steps took."""

    def __init__(self, found: dict[str, StepHistory], trail: Trail, axis: Axis, now: float) -> None:
        self.found, self.trail = found, trail
        last = trail.ended_at if trail.ended_at is not None else now
        instants = np.array([*(mark.at for mark in trail.marks), max(last, trail.last_at)])
        self.clock = _without_pauses(instants, trail, axis)
        self.ready: dict[Work, float] = {}
        self.started: dict[Work, float] = {}
        self.taken: set[str] = set()
        self.aside: set[str] = set()

    def through(self) -> None:
        """All marks, then what is still open."""
        for mark, at in zip(self.trail.marks, self.clock, strict=False):
            self._take(mark, float(at))
        for work in {*self.ready, *self.started}:
            self._leave(work, float(self.clock[-1]), finished=False)
        for key in self.taken - self.aside:
            self._of(key).taken += 1
        for key in self.aside:
            self._of(key).set_aside += 1

    def _of(self, key: str) -> StepHistory:
        return self.found.setdefault(key, StepHistory())

    def _take(self, mark: Mark, at: float) -> None:
        key, work, history = mark.step, (mark.step, mark.round), self._of(mark.step)
        match mark.kind:
            case "ready":
                self._waits(work, at)
                self._counts(key)
            case "started":
                if work in self.ready:
                    history.waits.append((at - self.ready.pop(work), True))
                self.started[work] = at
            case "completed":
                self._leave(work, at, finished=True)
                history.done += 1
                self._counts(key)
            case "refused":
                self._leave(work, at, finished=True)
                history.refused += 1
            case "reopened":
                self._leave_all(key, at)
                history.reopened += 1
            case "not_applicable":
                self._leave_all(key, at)
                self.aside.add(key)
            case "relocked" | "applicable":
                self._leave_all(key, at)
            case "skipped" | "cancelled" | "failed":
                self._leave(work, at, finished=False)
            case _:  # who it was given to changes nothing about its time
                pass

    def _waits(self, work: Work, at: float) -> None:
        """By the rules a step has one round at a time."""
        if self.trail.imported:
            self._leave(work, at, finished=False)
        else:
            self._leave_all(work[0], at)
        self.ready[work] = at

    def _counts(self, key: str) -> None:
        self.taken.add(key)
        self.aside.discard(key)

    def _leave_all(self, key: str, at: float) -> None:
        """What the rules do to a step ends every round of it that is open."""
        for work in [each for each in (*self.ready, *self.started) if each[0] == key]:
            self._leave(work, at, finished=False)

    def _leave(self, work: Work, at: float, *, finished: bool) -> None:
        """The round is open no longer. Nobody said that he began: all of it was waiting, and the work took no time."""
        history = self._of(work[0])
        if work in self.started:
            history.works.append((at - self.started.pop(work), finished))
        elif work in self.ready:
            history.waits.append((at - self.ready.pop(work), finished))
            if finished:
                history.works.append((0.0, True))


def _without_pauses(instants: Floats, trail: Trail, axis: Axis) -> Floats:
    """Working seconds at each instant, less what had been paused by then."""
    clock = axis.working(instants)
    for begun, until in trail.pauses:
        span = np.array([begun, np.inf if until is None else until])
        inside = np.clip(instants, span[0], span[1])
        clock = clock - (axis.working(inside) - axis.working(span[0]))
    return clock


def working_age(trail: Trail, since: float, now: float, axis: Axis) -> float:
    """Working seconds from an instant until now, pauses left out."""
    clock = _without_pauses(np.array([since, now]), trail, axis)
    return max(0.0, float(clock[1] - clock[0]))


def _stored(figures: StepFigures) -> dict[str, Any]:
    return {
        "wait": _seen_stored(figures.wait), "work": _seen_stored(figures.work), "done": figures.done,
        "refused": figures.refused, "reopened": figures.reopened, "taken": figures.taken,
        "set_aside": figures.set_aside,
    }  # fmt: skip


def _seen_stored(one: Seen) -> dict[str, Any]:
    return {
        "quantiles": [round(float(each), 3) for each in one.quantiles] if one.samples + one.open else [],
        "samples": one.samples,
        "open": one.open,
    }


def _of_stored(stored: Mapping[str, Any]) -> StepFigures:
    counts = {name: stored[name] for name in ("done", "refused", "reopened", "taken", "set_aside")}
    return StepFigures(_seen_of(stored["wait"]), _seen_of(stored["work"]), **counts)


def _seen_of(stored: Mapping[str, Any]) -> Seen:
    if not stored["quantiles"]:
        return NOTHING
    return Seen(np.array(stored["quantiles"], float), stored["samples"], stored["open"])
