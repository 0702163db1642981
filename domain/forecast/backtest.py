"""How good forecasts would have been: walks the real history and forecasts from what was known at each moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Literal

import numpy as np

from domain.forecast.features import Floats
from domain.forecast.learnt import (
    LEAST_RUNS,
    Learnt,
    Samples,
    calibrated,
    learn,
    moments_of,
    samples_of,
    weights,
)
from domain.forecast.trails import DAY_SECONDS, Trail, as_of, until_last_mark

Way = Literal["walk", "split"]
LEAST_MARKS, LEAST_PREFIX = 3, 2
LEARN_SHARE, TUNE_SHARE = 0.64, 0.16
WALK_ROUNDS = 3
"""How often the walk learns anew while the tested runs go on."""
WALK_LOOKS = 8
"""How often, between two learnings, the walk measures anew how far its answers lay from the truth."""


@dataclass(frozen=True)
class Baselines:
    """The mean remaining days by length of the prefix, and by the newest activity; the mean of all where unseen."""

    by_length: dict[int, float]
    by_step: dict[int, float]
    everything: float

    @classmethod
    def of(cls, samples: Samples) -> Baselines:
        """From the prefixes of runs that have ended."""
        return cls(
            _means(samples.length, samples.remaining_days), _means(samples.step, samples.remaining_days),
            float(samples.remaining_days.mean()) if len(samples.at) else 0.0,
        )  # fmt: skip

    def answers(self, samples: Samples) -> tuple[Floats, Floats]:
        """What both say of these prefixes."""
        return (
            np.array([self.by_length.get(int(each), self.everything) for each in samples.length]),
            np.array([self.by_step.get(int(each), self.everything) for each in samples.step]),
        )


@dataclass(frozen=True)
class Scores:
    """What a backtest found. ``mae_days`` is the mean over the prefixes of ended runs, each prefix counted once.

    Calibration counts the answers that could be judged: those whose P50 (or P85) had come when the history ends. A run
    that was still open then counts as missed, so that slow runs are not left out.
    """

    way: Way
    runs_known: int
    runs_tested: int
    prefixes: int
    mae_days: float
    mae_by_length_days: float
    mae_by_step_days: float
    mae_unfinished_days: float
    mae_by_run_days: float
    within_p50: float
    within_p85: float
    judged_p85: int


def backtest(trails: Sequence[Trail], way: Way = "walk") -> Scores | None:
    """Forecast the last fifth of the runs (by their start) and compare with what came; None: too few runs.

    ``walk``: time goes by; each forecast comes from a model that knew only what had happened by then, and is scored by
    the run's recorded end. ``split``: as publications do it, the first 64 % of the runs to learn and the next 16 % to
    calibrate, whole as they are; a run ends with its last mark, and its last prefix counts too.
    """
    found = ordered_runs(until_last_mark(trails) if way == "split" else trails)
    if found is None:
        return None
    ordered, first = found
    pieces = _split(ordered, first) if way == "split" else _walk(ordered, first)
    horizon = np.inf if way == "split" else max(trail.last_at for trail in ordered)
    return scored(way, first, pieces, horizon)


def ordered_runs(trails: Sequence[Trail]) -> tuple[list[Trail], int] | None:
    """The runs of at least three marks by their start, and the place of the first tested one; None: too few."""
    ordered = sorted(
        (trail for trail in trails if len(trail.marks) >= LEAST_MARKS), key=lambda trail: trail.started_at
    )
    first = int(len(ordered) * (LEARN_SHARE + TUNE_SHARE))
    return None if first < LEAST_RUNS or first == len(ordered) else (ordered, first)


@dataclass(frozen=True)
class Piece:
    """Prefixes that were forecast together, and the answers."""

    samples: Samples
    middle: Floats
    upper: Floats
    by_length: Floats
    by_step: Floats

    @classmethod
    def of(cls, asked: Samples, middle: Floats, upper: Floats, baselines: Baselines) -> Piece:
        """From what was asked and answered; the rows are let go, since each model has a width of its own."""
        bare = replace(asked, rows=asked.rows[:, :0])
        return cls(bare, middle, upper, *baselines.answers(asked))


def _split(ordered: Sequence[Trail], first: int) -> list[Piece]:
    known = ordered[:first]
    model = learn(known, now=None, tune_share=TUNE_SHARE / (LEARN_SHARE + TUNE_SHARE))
    if model is None:
        return []
    baselines = Baselines.of(samples_of(known, model.words, least_length=LEAST_PREFIX))
    asked = samples_of(ordered[first:], model.words, least_length=LEAST_PREFIX)
    return [_answered(model, baselines, asked)]


def _walk(ordered: Sequence[Trail], first: int) -> list[Piece]:
    """Learn at the start of the first tested run and a few times later; measure the distances more often."""
    tested = ordered[first:]
    begins = np.quantile([trail.started_at for trail in tested], np.arange(WALK_ROUNDS) / WALK_ROUNDS)
    pieces: list[Piece] = []
    for begin, end in zip(begins, [*begins[1:], np.inf], strict=True):
        pieces += _stretch(ordered, tested, float(begin), float(end))
    return pieces


def _stretch(ordered: Sequence[Trail], tested: Sequence[Trail], begin: float, end: float) -> list[Piece]:
    known = as_of(ordered, begin)
    model = learn(known, now=begin)
    if model is None:
        return []
    baselines = Baselines.of(samples_of(known, model.words, least_length=LEAST_PREFIX))
    asked = samples_of(tested, model.words, least_length=LEAST_PREFIX, open_too=True)
    asked = asked.only((asked.at >= begin) & (asked.at < end))
    if len(asked.at) == 0:
        return []
    looks = np.quantile(asked.at, np.arange(WALK_LOOKS) / WALK_LOOKS)
    unseen = _unseen(ordered, known)
    pieces: list[Piece] = []
    for look, until in zip(looks, [*looks[1:], np.inf], strict=True):
        now_asked = asked.only((asked.at >= look) & (asked.at < until))
        pieces.append(_answered(_measured(model, unseen, float(look)), baselines, now_asked))
    return pieces


def _unseen(ordered: Sequence[Trail], known: Sequence[Trail]) -> list[Trail]:
    """The runs from the one on with which calibration began: the trees have not seen them."""
    ended = [
        trail for trail in sorted(known, key=lambda trail: trail.started_at) if trail.ended_at is not None
    ]
    since = ended[int(len(ended) * 0.8)].started_at
    return [trail for trail in ordered if trail.started_at >= since]


def _measured(model: Learnt, unseen: Sequence[Trail], look: float) -> Learnt:
    """The model with its distances measured on what had ended by ``look``."""
    known = as_of(unseen, look)
    samples = samples_of(known, model.words)
    return calibrated(model, samples, weights(samples, moments_of(known), look))


def _answered(model: Learnt, baselines: Baselines, asked: Samples) -> Piece:
    middle, spread = model.spread(asked.rows)
    answers = [
        np.expm1(
            np.maximum(
                middle + np.interp(level, np.linspace(0, 1, len(model.residuals)), model.residuals) * spread,
                0,
            )
        )
        for level in (0.5, 0.85)
    ]
    return Piece.of(asked, answers[0], answers[1], baselines)


def scored(way: Way, known: int, pieces: Sequence[Piece], horizon: float) -> Scores | None:
    """What these answers are worth; ``horizon`` is when the history ends. None: no tested run has ended."""
    every = _joined(pieces)
    ended = np.isfinite(every.samples.remaining_days) if every else np.empty(0)
    if every is None or not ended.any():
        return None
    left, run = every.samples.remaining_days[ended], every.samples.run[ended]
    error = np.abs(every.middle[ended] - left)
    of_run = np.bincount(run, error) / np.maximum(np.bincount(run), 1)
    within_p50, _ = _within(every.samples, every.middle, horizon)
    within_p85, judged = _within(every.samples, every.upper, horizon)
    return Scores(
        way=way,
        runs_known=known,
        runs_tested=len(np.unique(run)),
        prefixes=len(left),
        mae_days=float(error.mean()),
        mae_by_length_days=float(np.abs(every.by_length[ended] - left).mean()),
        mae_by_step_days=float(np.abs(every.by_step[ended] - left).mean()),
        mae_unfinished_days=float(error[left > 0].mean()),
        mae_by_run_days=float(of_run[np.unique(run)].mean()),
        within_p50=within_p50,
        within_p85=within_p85,
        judged_p85=judged,
    )


def _within(samples: Samples, answers: Floats, horizon: float) -> tuple[float, int]:
    """The share of answers that held among those whose instant had come, and how many those are."""
    judged = samples.at + answers * DAY_SECONDS <= horizon
    held = samples.remaining_days[judged] <= answers[judged]
    return float(held.mean()) if len(held) else 0.0, len(held)


def _joined(pieces: Sequence[Piece]) -> Piece | None:
    full = [piece for piece in pieces if len(piece.samples.at)]
    if not full:
        return None
    samples = Samples(
        *(np.concatenate([getattr(p.samples, each.name) for p in full]) for each in fields(Samples))
    )
    parts = ([getattr(p, name) for p in full] for name in ("middle", "upper", "by_length", "by_step"))
    return Piece(samples, *map(np.concatenate, parts))


def _means(keys: Floats | np.ndarray[tuple[int], np.dtype[np.int64]], values: Floats) -> dict[int, float]:
    found, place = np.unique(keys, return_inverse=True)
    means = np.bincount(place, values) / np.bincount(place) if len(found) else np.empty(0)
    return dict(zip(map(int, found), map(float, means), strict=True))
