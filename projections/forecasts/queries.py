"""What the forecast answers: of a run, of many cards at once, of a process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.definition import Definition
from domain.forecast.levers import pressures
from domain.forecast.plan import Plan
from domain.forecast.steps import StepModel
from domain.forecast.working_time import Axis
from projections.answers.forecasts import (
    BacktestAnswer,
    ForecastFace,
    HitRate,
    LeverAnswer,
    ProcessForecast,
    RunForecast,
    RunLevers,
    StageForecast,
    StagePressureAnswer,
    StepPressureAnswer,
)
from projections.asking import NotFound, moment, rows
from projections.engine.fold import instant
from projections.forecasts.trails import SQL, Conn
from projections.statements import values_of

_NOT_YET = "not forecast yet: a worker does it within seconds"
_NEVER = {"paused": "the run is paused"}
_SCORES = (
    "prefixes", "mae_days", "mae_by_length_days", "mae_by_step_days", "within_p50", "within_p85",
)  # fmt: skip


def run_forecast(connection: Conn, run: UUID) -> RunForecast:
    """The newest forecast of a run; state ``no_data`` says why there is none. Raises NotFound."""
    found = _ask(connection, "of_run", run=run)
    if not found:
        return _without(connection, run)
    (_, process, position, made_at, state, reason, samples, p50_at, p85_at, probability, target_at, target_p85_at,
     stages, _levers, ended, target_stage) = found[0]  # fmt: skip
    return RunForecast(
        run, process, state, reason, samples, ended or 0, p50_at, p85_at, probability, target_at,
        tuple(_stage(stage) for stage in stages), made_at, position, target_stage, target_p85_at,
    )  # fmt: skip


def run_levers(connection: Conn, run: UUID) -> RunLevers:
    """What would help a run most. Raises NotFound."""
    found = _ask(connection, "of_run", run=run)
    if not found:
        without = _without(connection, run)
        return RunLevers(run, (), None, without.position)
    return RunLevers(run, tuple(LeverAnswer(**lever) for lever in found[0][13]), found[0][3], found[0][2])


def forecasts_of(connection: Conn, runs: Sequence[UUID]) -> dict[UUID, ForecastFace]:
    """The forecasts of these runs, as cards show them; runs without one are left out."""
    if not runs:
        return {}
    found = _ask(connection, "of_runs", runs=list(runs))
    return {
        run: ForecastFace(state, p50_at, p85_at, probability, reason, tuple(stages), target_p85_at)
        for run, state, p50_at, p85_at, probability, reason, stages, target_p85_at in found
    }


def warned_of(connection: Conn, runs: Sequence[UUID]) -> frozenset[UUID]:
    """Those of these runs that will more likely be late than their target allows, or that do not move."""
    return frozenset(values_of(connection, SQL["warned"], runs=list(runs)) if runs else ())


def process_forecast(
    connection: Conn, process: str, axis: Axis, *, now: datetime | None = None
) -> ProcessForecast:
    """How good the forecasts of a process are, and where its runs lose time. Raises NotFound."""
    at = moment(now)
    versions = rows(connection, "process_versions", process=process)
    if not versions:
        raise NotFound("process", process)
    found = _ask(connection, "model", process=process)
    position, learnt_at, ended, open_runs, stored, learnt = found[0] if found else (0, None, 0, 0, None, None)
    model = StepModel() if stored is None else StepModel.of_stored(stored)
    steps, stages = pressures(Plan(Definition.load(process, versions[0][0], versions[0][6])), model, axis)
    return ProcessForecast(
        process=process,
        learnt_at=learnt_at,
        ended_runs=ended,
        open_runs=open_runs,
        by_comparison=learnt is not None,
        states=dict(_ask(connection, "states", process=process)),
        hit_rates=_hit_rates(connection, process, at),
        backtests=tuple(_backtest(*row) for row in _ask(connection, "backtests", process=process)),
        stages=tuple(StagePressureAnswer(**asdict(stage)) for stage in stages),
        steps=tuple(StepPressureAnswer(**asdict(step)) for step in steps),
        position=position,
    )


def _ask(connection: Conn, name: str, **values: Any) -> list[tuple[Any, ...]]:
    return connection.execute(SQL[name], values, prepare=True).fetchall()


def _without(connection: Conn, run: UUID) -> RunForecast:
    """Why there is no forecast of this run."""
    card = _ask(connection, "run_card", run=run)
    if not card:
        return _of_test_run(connection, run)
    process, _, life, target_at, target_stage = card[0]
    ended = life in {"completed", "ended_early", "cancelled"}
    reason = "the run has ended" if ended else _NEVER.get(life, _NOT_YET)
    return RunForecast(
        run, process, "no_data", reason, 0, 0, None, None, None, target_at, (), None, 0, target_stage
    )


def _of_test_run(connection: Conn, run: UUID) -> RunForecast:
    """Test runs have no card."""
    found = rows(connection, "run", run=run)
    if not found:
        raise NotFound("run", run)
    process, target_at = found[0][1], found[0][10]
    return RunForecast(
        run, process, "no_data", "a test run is not forecast", 0, 0, None, None, None, target_at, (), None, 0
    )


def _stage(stored: Mapping[str, Any]) -> StageForecast:
    times = {name: instant(stored[name]) for name in ("p50_at", "p85_at", "target_at")}
    return StageForecast(
        stage=stored["stage"], state=stored["state"], probability=stored["probability"], **times
    )


def _hit_rates(connection: Conn, process: str, now: datetime) -> tuple[HitRate, ...]:
    """Of the forecasts kept at stage changes, those whose instant has come; a run still open then was a miss."""
    [(judged_85, held_85, judged_50, held_50)] = _ask(connection, "hits", process=process, now=now)
    return _hit_rate(0.85, judged_85, held_85), _hit_rate(0.5, judged_50, held_50)


def _hit_rate(said: float, judged: int, held: int) -> HitRate:
    if judged == 0:
        return HitRate(said, None, 0, f"no forecast of {said:.0%} has come to its day yet")
    says = f"when it said {said:.0%}, it held {held / judged:.0%} of {judged} times"
    return HitRate(said, held / judged, judged, says)


def _backtest(way: Any, _position: int, made_at: datetime, scores: Mapping[str, Any]) -> BacktestAnswer:
    return BacktestAnswer(way, made_at, *(scores[name] for name in _SCORES))
