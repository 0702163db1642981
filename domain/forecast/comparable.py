"""The forecast of a run whose process has no graph of steps: what runs that looked like it came to."""

from __future__ import annotations

import numpy as np

from domain.definition import Definition
from domain.forecast.features import Floats, prefixes
from domain.forecast.learnt import LEVELS, Learnt
from domain.forecast.outlook import SURE, Outlook, no_data, state_of
from domain.forecast.simulate import BEYOND, instant_of
from domain.forecast.trails import DAY_SECONDS, Trail


def compare(learnt: Learnt, trail: Trail, now: float, definition: Definition) -> Outlook:
    """Forecast from the run's newest mark, given that it has not ended since (residual life).

    The target of a stage is not judged: comparable runs say when a run will end, not when a stage will.
    """
    if not trail.marks:
        return no_data("nothing has happened in the run yet")
    days = learnt.distribution(prefixes(trail, learnt.words)[-1])
    quiet_days = max(0.0, (now - trail.last_at) / DAY_SECONDS)
    left = residual(days, quiet_days)
    p50, p85 = (now + float(np.interp(level, LEVELS, left)) * DAY_SECONDS for level in (0.5, SURE))
    target_at = None if definition.document.target_stage is not None else trail.target_at
    probability = _met(left, None if target_at is None else (target_at - now) / DAY_SECONDS)
    usual = float(np.interp(SURE, LEVELS, days))
    stalled = quiet_days > usual
    state = state_of(probability, passed=target_at is not None and target_at < now, stalled=stalled)
    step = trail.marks[-1].step
    title = next((each.title for key, each in definition.steps.items() if key == step), step)
    reason = _reason(title, quiet_days, usual, learnt.runs)
    ends = instant_of(p50), instant_of(p85)
    aimed_p85 = None if target_at is None else ends[1]
    return Outlook(state, reason, learnt.runs, *ends, probability, step, target_p85_at=aimed_p85)


def residual(days: Floats, elapsed: float) -> Floats:
    """The days still left at LEVELS when ``elapsed`` of them have gone by; beyond all that was seen it starts anew."""
    reached = float(np.interp(elapsed, days, LEVELS, left=0.0, right=1.0)) if elapsed > 0 else 0.0
    if reached >= BEYOND:
        return days
    return np.maximum(np.interp(reached + LEVELS * (1 - reached), LEVELS, days) - elapsed, 0.0)


def _met(left: Floats, days: float | None) -> float | None:
    """The share of outcomes within so many days."""
    if days is None:
        return None
    return 0.0 if days < 0 else float(np.interp(days, left, LEVELS, left=0.0, right=1.0))


def _reason(title: str, quiet_days: float, usual: float, runs: int) -> str:
    quiet = f"{quiet_days:.1f} days since “{title}”"
    if quiet_days > usual:
        return f"nothing has moved for {quiet}, longer than in 85 % of {runs} comparable runs"
    return f"{quiet}; {runs} comparable runs"
