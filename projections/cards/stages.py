"""The stages on a card: made of what a row stores, and judged by the moment of asking.

What a row stores rarely changes between two looks at a board, so its stages are kept ready; time changes only those
that have something to be late for.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from domain.naming import spoken
from domain.rollup import TIMELESS, state_at
from projections.answers import StageDot, StageDots
from projections.cards.judging import Judge
from projections.engine.fold import instant

KEPT = 4096
"""How many cards' stages are kept ready for a calendar: some 4 kB each."""
UNDER_WAY = frozenset({"in_progress", "late", "needs_help"})
"""States of a stage in which somebody can work on it."""
Waiting = tuple[int, str, "datetime | None", "datetime | None", "datetime | None"]
"""A stage that time may change: its place, its state at rest, late_at, blocked_at and target_at."""


class Stages(NamedTuple):
    """The stages of a card before a clock is asked; ``shown`` holds what they looked like, by the states it gave."""

    dots: StageDots
    waiting: tuple[Waiting, ...]
    target_at: datetime | None
    shown: dict[tuple[str, ...], StageDots]


_NONE = Stages(StageDots(), (), None, {})


def stages_of(
    stored: str | Sequence[Mapping[str, Any]] | None, started_at: datetime, judge: Judge, *, ended: bool
) -> Stages:
    """The stages that a row stores, as JSON text or as a fold made them; those of text are kept ready."""
    if stored is None:
        return _NONE
    if not isinstance(stored, str):
        return _made(stored, started_at, judge, ended=ended)
    kept, key = judge.kept, (stored, started_at, judge.year, ended)
    found: Stages | None = kept.get(key)
    if found is None:
        found = _made(orjson.loads(stored) or (), started_at, judge, ended=ended)
        if len(kept) >= KEPT:
            kept.clear()
        kept[key] = found
    return found


def judged(stages: Stages, now: datetime, at_risk: Collection[str] = ()) -> StageDots:
    """The stages as they are at that moment; ``at_risk`` are those that the forecast warns of."""
    if not stages.waiting:
        return stages.dots
    states = tuple([
        state_at(
            state, now, late_at=late_at, blocked_at=blocked_at, target_at=target_at,
            at_risk=stages.dots[place].key in at_risk,
        )
        for place, state, late_at, blocked_at, target_at in stages.waiting
    ])  # fmt: skip
    found = stages.shown.get(states)
    if found is None:
        found = stages.shown[states] = _in_states(stages, states)
    return found


def _in_states(stages: Stages, states: Sequence[str]) -> StageDots:
    dots = list(stages.dots)
    for (place, rest, *_), state in zip(stages.waiting, states, strict=True):
        if state != rest:
            dots[place] = _with_state(dots[place], state)
    return StageDots(dots)


def _with_state(dot: StageDot, state: str) -> StageDot:
    return StageDot(
        dot.key, dot.title, state, dot.outcome, dot.entered_at, dot.ended_at, dot.outcome_by, dot.outcome_at,
        dot.said, dot.target_at, dot.waits,
    )  # fmt: skip


def _made(stored: Sequence[Mapping[str, Any]], started_at: datetime, judge: Judge, *, ended: bool) -> Stages:
    under_way = not ended and any(dot["state"] in UNDER_WAY for dot in stored)
    dots = StageDots([_dot(dot, started_at, judge, ended=ended, under_way=under_way) for dot in stored])
    waiting = [] if ended else [_waiting(place, dot, stored[place]) for place, dot in enumerate(dots)]
    targets = [dot.target_at for dot in dots if dot.target_at is not None]
    return Stages(dots, tuple([each for each in waiting if each is not None]), min(targets, default=None), {})


def _waiting(place: int, dot: StageDot, stored: Mapping[str, Any]) -> Waiting | None:
    late_at, blocked_at = stored["late_at"], stored["blocked_at"]
    if dot.state in TIMELESS or not (late_at or blocked_at or dot.target_at):
        return None
    return place, dot.state, instant(late_at), instant(blocked_at), dot.target_at


def _dot(
    dot: Mapping[str, Any], started_at: datetime, judge: Judge, *, ended: bool, under_way: bool
) -> StageDot:
    target_at = None if ended else _target(dot, started_at, judge)
    entered_at, ended_at = instant(dot["entered_at"]), instant(dot["ended_at"])
    key, title, state, outcome = dot["key"], dot["title"], dot["state"], dot["outcome"]
    waits = under_way and state == "blocked" and dot["blocked_at"] is None
    if outcome is None:
        return StageDot(key, title, state, None, entered_at, ended_at, None, None, None, target_at, waits)
    by, at = dot.get("outcome_by"), instant(dot.get("outcome_at"))
    said = _said(outcome, by, at, judge)
    return StageDot(key, title, state, outcome, entered_at, ended_at, by, at, said, target_at, waits)


def _target(dot: Mapping[str, Any], started_at: datetime, judge: Judge) -> datetime | None:
    """The run's own target, where it is for this stage; else so many working days after the start of the run."""
    days = dot.get("target_days")
    return instant(dot.get("target_at")) if days is None else judge.target(started_at, days)


def _said(outcome: str, by: str | None, at: datetime | None, judge: Judge) -> str:
    """Approved by Dana, 12 Nov."""
    named = f"{outcome[:1].upper()}{outcome[1:]}" + (f" by {spoken(by)}" if by else "")
    return named if at is None else f"{named}, {judge.day(at)}"
