"""What a forecast learns from: the marks that runs left, as they were known at a moment."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

DAY_SECONDS = 86_400.0


class Mark(NamedTuple):
    """Something that happened at a step: when (seconds since 1970, UTC), what, by whom, in which round."""

    at: float
    step: str
    kind: str
    actor: str | None = None
    round: int = 1


@dataclass(frozen=True)
class Trail:
    """One run as its events tell it, marks by time. ``numbers`` are the numeric inputs that it was started with.

    ``pauses`` are spans in which nothing was to be done; the last one may be open (its end is None).
    """

    run: str
    started_at: float
    marks: tuple[Mark, ...]
    ended_at: float | None = None
    target_at: float | None = None
    numbers: Mapping[str, float] = field(default_factory=dict)
    pauses: tuple[tuple[float, float | None], ...] = ()
    imported: bool = False

    @property
    def last_at(self) -> float:
        """When something last happened."""
        return self.marks[-1].at if self.marks else self.started_at


def as_of(trails: Sequence[Trail], instant: float) -> list[Trail]:
    """What was known at this instant: runs begun by then, without the marks, pauses and ends that came later."""
    return [_cut(trail, instant) for trail in trails if trail.started_at <= instant]


def _cut(trail: Trail, instant: float) -> Trail:
    if trail.ended_at is not None and trail.ended_at <= instant and trail.last_at <= instant:
        return trail
    known = bisect_right(trail.marks, instant, key=lambda mark: mark.at)
    ended_at = trail.ended_at if trail.ended_at is not None and trail.ended_at <= instant else None
    pauses = tuple(
        (begun, until if until is not None and until <= instant else None)
        for begun, until in trail.pauses
        if begun <= instant
    )
    return replace(trail, marks=trail.marks[:known], ended_at=ended_at, pauses=pauses)


def until_last_mark(trails: Sequence[Trail]) -> list[Trail]:
    """The same runs, each of them over with its last mark: what publications forecast, who know no other end."""
    return [
        replace(trail, started_at=trail.marks[0].at, ended_at=trail.last_at)
        for trail in trails
        if trail.marks
    ]
