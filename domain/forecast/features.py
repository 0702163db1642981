"""What a run looked like after each of its marks, as numbers that a model learns from; only what was known then."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from domain.forecast.trails import DAY_SECONDS, Mark, Trail

Floats = NDArray[np.float64]
N = TypeVar("N", str, tuple[str, str])

NEVER_DAYS = 10_000.0
"""How long ago something was that never happened."""
_PLAIN = 15
_WEEK_SECONDS = 7 * DAY_SECONDS
_MONDAY = 4 * DAY_SECONDS
"""The first Monday after 1970-01-01, which was a Thursday."""


@dataclass(frozen=True)
class Vocabulary:
    """The names that a model knows: activities (step and kind of mark), steps, actors, inputs; others are -1."""

    activities: dict[tuple[str, str], int]
    steps: dict[str, int]
    actors: dict[str, int]
    numbers: tuple[str, ...]

    @classmethod
    def of(cls, trails: Sequence[Trail]) -> Vocabulary:
        """All names in these runs, in alphabetical order."""
        marks = [mark for trail in trails for mark in trail.marks]
        return cls(
            _numbered({(mark.step, mark.kind) for mark in marks}),
            _numbered({mark.step for mark in marks}),
            _numbered({mark.actor for mark in marks if mark.actor is not None}),
            tuple(sorted({name for trail in trails for name in trail.numbers})),
        )

    @property
    def width(self) -> int:
        """How many numbers describe a prefix."""
        return _PLAIN + len(self.numbers) + len(self.activities) + len(self.steps)

    def names(self) -> list[str]:
        """What each number is."""
        plain = [
            "activity", "step", "elapsed_days", "since_previous_days", "since_third_last_days", "length",
            "hour_of_week", "hour_of_day", "actor", "actors", "previous", "before_previous", "scheduled", "in_progress",
            "until_target_days",
        ]  # fmt: skip
        counts = [f"count {step} {kind}" for step, kind in self.activities]
        return plain + list(self.numbers) + counts + [f"days since {step}" for step in self.steps]


def prefixes(trail: Trail, words: Vocabulary) -> Floats:
    """One row after each mark of the run. A row is made of its mark and those before it, and of nothing else."""
    rows = np.empty((len(trail.marks), words.width))
    seen = _Seen(trail, words)
    for place, mark in enumerate(trail.marks):
        seen.fill(rows[place], place, mark)
    return rows


class _Seen:
    """What is known of a run so far."""

    def __init__(self, trail: Trail, words: Vocabulary) -> None:
        self.marks, self.words = trail.marks, words
        self.begun = trail.marks[0].at if trail.marks else trail.started_at
        self.target_at = trail.target_at
        self.counts = np.zeros(len(words.activities))
        self.last_at = np.full(len(words.steps), -np.inf)
        self.recent = [-1, -1, -1]
        self.actors: set[str] = set()
        self.scheduled: set[str] = set()
        self.in_progress: set[str] = set()
        self.numbers = [trail.numbers.get(name, -1.0) for name in words.numbers]

    def fill(self, row: Floats, place: int, mark: Mark) -> None:
        """Take in one mark and describe the run after it."""
        self._take(mark)
        at, words = mark.at, self.words
        in_week = (at - _MONDAY) % _WEEK_SECONDS
        row[:_PLAIN] = (
            self.recent[2], words.steps.get(mark.step, -1), (at - self.begun) / DAY_SECONDS,
            (at - self.marks[max(0, place - 1)].at) / DAY_SECONDS,
            (at - self.marks[max(0, place - 3)].at) / DAY_SECONDS,
            place + 1, in_week / 3600, in_week % DAY_SECONDS / 3600,
            -1 if mark.actor is None else words.actors.get(mark.actor, -1), len(self.actors), self.recent[1],
            self.recent[0], len(self.scheduled), len(self.in_progress),
            NEVER_DAYS if self.target_at is None else (self.target_at - at) / DAY_SECONDS,
        )  # fmt: skip
        named = _PLAIN + len(self.numbers)
        row[_PLAIN:named] = self.numbers
        row[named : named + len(self.counts)] = self.counts
        row[named + len(self.counts) :] = np.minimum((at - self.last_at) / DAY_SECONDS, NEVER_DAYS)

    def _take(self, mark: Mark) -> None:
        activity = self.words.activities.get((mark.step, mark.kind), -1)
        self.recent = [*self.recent[1:], activity]
        if activity >= 0:
            self.counts[activity] += 1
            self.last_at[self.words.steps[mark.step]] = mark.at
        if mark.actor is not None:
            self.actors.add(mark.actor)
        self.scheduled.discard(mark.step)
        self.in_progress.discard(mark.step)
        if mark.kind == "ready":
            self.scheduled.add(mark.step)
        elif mark.kind == "started":
            self.in_progress.add(mark.step)


def _numbered(names: Iterable[N]) -> dict[N, int]:
    return {name: place for place, name in enumerate(sorted(names))}
