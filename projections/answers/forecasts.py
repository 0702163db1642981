"""Answers about the future: the forecast of a run, what would help it, and how good the forecasts of a process are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

ForecastState = Literal["on_track", "at_risk", "late", "stalled", "no_data"]


@dataclass(frozen=True, slots=True)
class ForecastFace:
    """The forecast as a card shows it: when it will probably be done, how likely its target is met, and why.

    ``stages_at_risk`` are the stages that will more likely be late than their target allows; ``target_p85_at`` is the
    P85 of what the target is for, a stage or the run (null without a target that is still open).
    """

    state: ForecastState
    p50_at: datetime | None = None
    p85_at: datetime | None = None
    probability: float | None = None
    reason: str = ""
    stages_at_risk: tuple[str, ...] = ()
    target_p85_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StageForecast:
    """When a stage that is not over will be done.

    ``target_at`` is the run's target where that is for this stage, else so many working days after the run's start.
    """

    stage: str
    state: ForecastState
    p50_at: datetime | None
    p85_at: datetime | None
    target_at: datetime | None
    probability: float | None


@dataclass(frozen=True, slots=True)
class RunForecast:
    """The forecast of a run as it was made at ``made_at`` from its events up to ``position``.

    ``samples``: how many finished samples the least known step on the way rests on; ``runs`` how many ended runs the
    process was learnt from. ``probability`` is that of meeting the target, and ``target_p85_at`` the P85 of what that
    is for: ``target_stage``, or the whole run where that is null; both are null once it was reached. It names steps by
    title and never the value of a field.
    """

    run: UUID
    process: str
    state: ForecastState
    reason: str
    samples: int
    runs: int
    p50_at: datetime | None
    p85_at: datetime | None
    probability: float | None
    target_at: datetime | None
    stages: tuple[StageForecast, ...]
    made_at: datetime | None
    position: int
    target_stage: str | None = None
    target_p85_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LeverAnswer:
    """One change to one step, and the working days by which it brings the P85 forward: of the run, or target stage."""

    step: str
    title: str
    kind: Literal["assign", "begin_at_once", "work_at_usual_pace"]
    gained_days: float
    says: str


@dataclass(frozen=True, slots=True)
class RunLevers:
    """What would help a run most, the best first, at most three."""

    run: UUID
    levers: tuple[LeverAnswer, ...]
    made_at: datetime | None
    position: int


@dataclass(frozen=True, slots=True)
class HitRate:
    """How often the product was right: of so many forecasts whose instant has come, so many held."""

    said: float
    held: float | None
    forecasts: int
    says: str


@dataclass(frozen=True, slots=True)
class BacktestAnswer:
    """What the last backtest found; ``mae_days`` is the mean over prefixes (see docs/explanation/forecast.md)."""

    way: Literal["walk", "split"]
    made_at: datetime
    prefixes: int
    mae_days: float
    mae_by_length_days: float
    mae_by_step_days: float
    within_p50: float
    within_p85: float


@dataclass(frozen=True, slots=True)
class StepPressureAnswer:
    """What a step costs the runs of its process, in working days; ``p85_days`` counts how often it takes part."""

    step: str
    title: str
    stage: str
    samples: int
    open: int
    wait_p50_days: float
    wait_p85_days: float
    work_p50_days: float
    work_p85_days: float
    refusal_rate: float | None
    reopened: int
    p85_days: float


@dataclass(frozen=True, slots=True)
class StagePressureAnswer:
    """What a stage costs at P85, and its share of the whole."""

    stage: str
    title: str
    p85_days: float
    share: float


@dataclass(frozen=True, slots=True)
class ProcessForecast:
    """How good the forecasts of a process are, what they rest on, and where its runs lose time."""

    process: str
    learnt_at: datetime | None
    ended_runs: int
    open_runs: int
    by_comparison: bool
    states: dict[str, int]
    hit_rates: tuple[HitRate, ...]
    backtests: tuple[BacktestAnswer, ...]
    stages: tuple[StagePressureAnswer, ...]
    steps: tuple[StepPressureAnswer, ...]
    position: int
