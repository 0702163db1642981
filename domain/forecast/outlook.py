"""What a forecast says: two instants, how likely the target is met, a state, and the reason in words."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import numpy as np

from domain.forecast.features import Floats
from domain.forecast.simulate import (
    Outcome,
    Situation,
    aim,
    critical,
    deciding,
    ends_of,
    imagine,
    instant_of,
    open_target,
    seed_of,
    stage_ends,
    unfold,
)
from domain.run.state import SATISFIED
from domain.words import StageKey, StepKey

State = Literal["on_track", "at_risk", "late", "stalled", "no_data"]

SURE = 0.85
"""A target that is met less often than this is at risk: its P85 is after the target."""
LEAST_SHOWN = 0.01
"""The least share of the time that is left, or of the delay, that a reason tells."""
DOUBTFUL = 0.5
"""A target that is met less often than this is missed, more likely than not: late."""


@dataclass(frozen=True)
class StageOutlook:
    """When a stage that is not over will be done."""

    stage: str
    p50_at: datetime
    p85_at: datetime
    target_at: datetime | None
    probability: float | None
    state: State


@dataclass(frozen=True)
class Outlook:
    """The forecast of a run. ``probability`` (0 to 1) is that of meeting the target; None without an open target.

    ``target_p85_at`` is the P85 of what the target is for: the target stage, or the run. ``samples`` is how many
    finished samples the least known step on the way rests on; ``step`` is the one that the reason speaks of.
    """

    state: State
    reason: str
    samples: int
    p50_at: datetime | None = None
    p85_at: datetime | None = None
    probability: float | None = None
    step: str | None = None
    stages: tuple[StageOutlook, ...] = field(default=())
    target_p85_at: datetime | None = None


def state_of(probability: float | None, *, passed: bool, stalled: bool) -> State:
    """The state by the first rule that matches: late, stalled, at risk, on track."""
    if passed or (probability is not None and probability < DOUBTFUL):
        return "late"
    if stalled:
        return "stalled"
    return "at_risk" if probability is not None and probability < SURE else "on_track"


def no_data(reason: str) -> Outlook:
    """Nothing can be said."""
    return Outlook("no_data", reason, 0)


def look_ahead(situation: Situation, position: int) -> tuple[Outlook, Outcome | None]:
    """Forecast a run by simulation; the same log position gives the same answer. With it what was simulated."""
    run = situation.run
    if run.state == "paused":
        return no_data("the run is paused"), None
    if run.ended or run.started_at is None:
        return no_data("the run has ended"), None
    if not _anything_known(situation):
        return no_data("no step that is left has a history, an estimate, a due or a stage target"), None
    outcome = unfold(imagine(situation, seed_of(position, situation.stream)))
    target = open_target(outcome.futures)
    p50, p85, _ = _answers(situation, np.sort(outcome.finish), None)
    _, aimed_p85, probability = _answers(situation, np.sort(ends_of(outcome, aim(outcome.futures))), target)
    stalled = stalled_step(situation)
    shares = critical(outcome)
    state = state_of(
        probability, passed=target is not None and target < situation.now, stalled=stalled is not None
    )
    step, reason = _reason(outcome, shares, stalled, state)
    return Outlook(
        state, reason, _samples(outcome, shares), p50, p85, probability, step, tuple(_stages(situation, outcome)),
        None if target is None else aimed_p85,
    ), outcome  # fmt: skip


def _anything_known(situation: Situation) -> bool:
    """Whether history or the author says anything about a step that is left."""
    left = [key for key in situation.plan.order if situation.run.step(key).state not in SATISFIED]
    for key in left:
        figures = situation.model.of(key)
        _, source = situation.plan.author(key, situation.axis.day_seconds)
        if figures.wait.samples or figures.work.samples or source not in ("nothing", "automatic"):
            return True
    return not left


def _answers(
    situation: Situation, ends: Floats, target: float | None
) -> tuple[datetime, datetime, float | None]:
    """P50, P85 and the probability that the target is met, from ends in order (working seconds)."""
    places = [math.ceil(level * len(ends)) - 1 for level in (DOUBTFUL, SURE)]
    p50, p85 = (max(float(each), situation.now) for each in situation.axis.instants(ends[places]))
    met = None
    if target is not None:
        kept = int(np.searchsorted(ends, situation.axis.working(target), "right"))
        met = 0.0 if target < situation.now else kept / len(ends)
    return instant_of(p50), instant_of(p85), met


def _stages(situation: Situation, outcome: Outcome) -> list[StageOutlook]:
    found = []
    for stage, ends in stage_ends(outcome).items():
        target = _stage_target(situation, stage)
        p50, p85, probability = _answers(situation, np.sort(ends), target)
        passed = target is not None and target < situation.now
        found.append(
            StageOutlook(
                stage, p50, p85, None if target is None else instant_of(target), probability,
                state_of(probability, passed=passed, stalled=False),
            )
        )  # fmt: skip
    return found


def _stage_target(situation: Situation, stage: StageKey) -> float | None:
    """The stage's target: the run's where that is for this stage, else so many working days after its start."""
    if stage == situation.definition.document.target_stage and situation.run.target_at is not None:
        return situation.run.target_at.timestamp()
    days = situation.definition.stages[stage].target_days
    if days is None or situation.run.started_at is None:
        return None
    axis = situation.axis
    begun = axis.working(situation.run.started_at.timestamp())
    return float(axis.instants(begun + days * axis.day_seconds))


def stalled_step(situation: Situation) -> StepKey | None:
    """The open step on which nothing has happened for longer than its own P85, the longest of them first.

    A step without any finished sample cannot stall: there is nothing to measure it by.
    """
    found: list[tuple[float, StepKey]] = []
    for ages, which in ((situation.waiting, 0), (situation.working, 1)):
        for key, age in ages.items():
            expected, _ = situation.plan.author(key, situation.axis.day_seconds)
            known = situation.model.usual(key, expected)[which]
            if known.samples == 0 or (which == 0 and key in situation.working):
                continue
            usual = known.at(SURE)
            if age > usual:
                found.append((age - usual, key))
    return max(found)[1] if found else None


def _samples(outcome: Outcome, shares: Floats) -> int:
    """The finished samples of the least known step that decides when the run ends."""
    counts = [
        max(outcome.futures.figures[row][0].samples, outcome.futures.figures[row][1].samples)
        for row in deciding(outcome.futures)
        if shares[row] > 0
    ]
    return min(counts, default=0)


def _reason(
    outcome: Outcome, shares: Floats, stalled: StepKey | None, state: State
) -> tuple[str | None, str]:
    """Which step adds most to the time that is left, or on which nothing moves; steps by title, never a value."""
    futures = outcome.futures
    situation = futures.situation
    if len(shares) == 0 or shares.sum() <= 0:
        return None, "everything that the run needs is done"
    row = futures.keys.index(stalled) if stalled in futures.keys else int(np.argmax(shares))
    key = futures.keys[row]
    days = situation.axis.day_seconds
    share = shares[row] / shares.sum()
    part = (
        f"{share:.0%} of the {'delay' if state == 'late' else 'time left'}" if share >= LEAST_SHOWN else None
    )
    title = situation.definition.steps[key].title
    if stalled == key:
        age = max(situation.waiting.get(key, 0.0), situation.working.get(key, 0.0)) / days
        return key, _with(f"nothing has moved on “{title}” for {_days(age)}, longer than usual", part, "; ")
    if key in situation.working:
        return key, _with(f"“{title}” has been worked on for {_days(situation.working[key] / days)}", part)
    if situation.waiting.get(key, days) * 16 < days:
        return key, _with(f"“{title}” can be worked on now", part)
    if key in situation.waiting:
        return key, _with(f"waits for “{title}” for {_days(situation.waiting[key] / days)}", part)
    return key, _with(f"“{title}” is still to come and takes {_days(shares[row] / days)}", part)


def _with(said: str, part: str | None, joined: str = ", ") -> str:
    """What is said, with the part of the time that it is, where that is worth a word."""
    return said if part is None else f"{said}{joined}{part}"


def _days(count: float) -> str:
    """Working days in words."""
    if count < 0.95:
        hours = max(1, round(count * 8))
        return f"{hours} working hour{'s' if hours != 1 else ''}"
    text = f"{count:.1f}".removesuffix(".0")
    return f"{text} working day{'s' if text != '1' else ''}"
