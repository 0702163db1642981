"""A forecast without a graph of steps: how long runs that looked like this one still took, from their history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.forecast.arrays import packed, unpacked
from domain.forecast.boosting import Trees, fit
from domain.forecast.features import Floats, Vocabulary, prefixes
from domain.forecast.trails import DAY_SECONDS, Trail

LEVELS = np.linspace(0.0, 1.0, 101)
"""The levels at which a distribution is kept."""
SPREAD_FLOOR = 0.02
"""The least spread, in logarithms of days: two minutes in a day; it keeps certain ends from dividing by nothing."""
LEAST_SHARE = 0.05
"""Nothing that was seen counts for more than twenty."""
LONGEST_DAYS = 3_650.0
"""What would take longer is told as this long: further ahead no history says anything, and no calendar reaches."""
TUNE_SHARE = 0.2
LEAST_RUNS = 20


@dataclass(frozen=True)
class Samples:
    """Prefixes of runs with the days that they still took; ``at`` is when each was so, ``run`` its run's number."""

    rows: Floats
    remaining_days: Floats
    at: Floats
    run: NDArray[np.int64]
    length: NDArray[np.int64]
    step: NDArray[np.int64]

    def only(self, which: NDArray[Any]) -> Samples:
        """Some of them."""
        return Samples(
            self.rows[which], self.remaining_days[which], self.at[which], self.run[which], self.length[which],
            self.step[which],
        )  # fmt: skip


@dataclass(frozen=True)
class Learnt:
    """What was learnt: the middle, the spread above it, and how far real ends lay from the middle in spreads.

    ``residuals`` are those distances at LEVELS: together they are the whole distribution, calibrated on runs that the
    trees have not seen (conformal prediction with normalised residuals: Vovk, Gammerman, Shafer, 2005; Romano,
    Patterson, Candès, 2019).
    """

    words: Vocabulary
    middle: Trees
    upper: Trees
    residuals: Floats
    runs: int
    calibrated_on: int

    def spread(self, rows: Floats) -> tuple[Floats, Floats]:
        """The middle and the spread of each row, both in logarithms of days (log of 1 + days)."""
        middle = np.maximum(self.middle.predict(rows), 0.0)
        return middle, np.maximum(self.upper.predict(rows) - middle, SPREAD_FLOOR)

    def days(self, rows: Floats, level: float) -> Floats:
        """The days that are left at this level of certainty."""
        middle, spread = self.spread(rows)
        return _days(middle + np.interp(level, LEVELS, self.residuals) * spread)

    def distribution(self, row: Floats) -> Floats:
        """The days that are left at each of LEVELS."""
        middle, spread = self.spread(row[None, :])
        return _days(middle[0] + self.residuals * spread[0])

    def stored(self) -> bytes:
        """As bytes: plain arrays, and names as JSON."""
        words = {
            "activities": [list(name) for name in self.words.activities], "steps": list(self.words.steps),
            "actors": list(self.words.actors), "numbers": list(self.words.numbers), "runs": self.runs,
            "calibrated_on": self.calibrated_on,
        }  # fmt: skip
        trees = {**self.middle.arrays("middle"), **self.upper.arrays("upper")}
        return packed({**trees, "residuals": self.residuals}, words)

    @classmethod
    def of_stored(cls, stored: bytes) -> Learnt:
        """From such bytes."""
        arrays, words = unpacked(stored)
        return cls(
            Vocabulary(
                {(step, kind): place for place, (step, kind) in enumerate(words["activities"])},
                {name: place for place, name in enumerate(words["steps"])},
                {name: place for place, name in enumerate(words["actors"])},
                tuple(words["numbers"]),
            ),
            Trees.of_arrays("middle", arrays), Trees.of_arrays("upper", arrays), arrays["residuals"], words["runs"],
            words["calibrated_on"],
        )  # fmt: skip


def samples_of(
    trails: Sequence[Trail], words: Vocabulary, *, least_length: int = 1, open_too: bool = False
) -> Samples:
    """Every prefix of the ended among these runs, up to their end; ``run`` is the place in ``trails``.

    ``open_too``: also those of runs that have not ended; infinitely many days are left.
    """
    parts: list[tuple[Floats, Floats, Floats, int, int]] = []
    for place, trail in enumerate(trails):
        if not trail.marks or (trail.ended_at is None and not open_too):
            continue
        at = np.array([mark.at for mark in trail.marks])
        ended_at = np.inf if trail.ended_at is None else trail.ended_at
        upto = int(np.searchsorted(at, ended_at, "right"))
        rows = prefixes(trail, words)[least_length - 1 : upto]
        times = at[least_length - 1 : upto]
        parts.append((rows, (ended_at - times) / DAY_SECONDS, times, place, len(rows)))
    if not parts:
        return Samples(np.empty((0, words.width)), np.empty(0), np.empty(0), *(np.empty(0, np.int64),) * 3)
    rows = np.concatenate([part[0] for part in parts])
    return Samples(
        rows, np.concatenate([part[1] for part in parts]), np.concatenate([part[2] for part in parts]),
        np.repeat([part[3] for part in parts], [part[4] for part in parts]),
        np.concatenate([np.arange(part[4]) + least_length for part in parts]), rows[:, 0].astype(np.int64),
    )  # fmt: skip


def learn(trails: Sequence[Trail], *, now: float | None, tune_share: float = TUNE_SHARE) -> Learnt | None:
    """Learn from what is known; the newest ``tune_share`` of the ended runs calibrates. None: too few have ended.

    ``now``: runs that are still open count through weights (see ``weights``); None: every run is over.
    """
    ordered = sorted(trails, key=lambda trail: trail.started_at)
    ended = [place for place, trail in enumerate(ordered) if trail.ended_at is not None and trail.marks]
    if len(ended) < LEAST_RUNS:
        return None
    first_tuned = ended[int(len(ended) * (1 - tune_share))]
    words = Vocabulary.of([trail for trail in ordered[:first_tuned] if trail.marks])
    samples = samples_of(ordered, words)
    counted = np.ones(len(samples.at)) if now is None else weights(samples, moments_of(ordered), now)
    tuned = samples.run >= first_tuned
    fitted = _fit(words, samples.only(~tuned), counted[~tuned], len(ended))
    return calibrated(fitted, samples.only(tuned), counted[tuned])


def moments_of(trails: Sequence[Trail]) -> Floats:
    """When the prefixes of all runs were, ended or not."""
    return np.array([mark.at for trail in trails for mark in trail.marks])


def weights(samples: Samples, moments: Floats, now: float) -> Floats:
    """How many runs each ended sample stands for: what would take longer than it was watched has not been seen.

    Inverse probability of censoring: one over the share of all prefixes that have been watched for at least as long as
    this one took (Robins, Rotnitzky, 1992; the watching time is known for each, so its share is a plain count).
    """
    watched_days = np.sort((now - moments) / DAY_SECONDS)
    share = 1 - np.searchsorted(watched_days, samples.remaining_days, "left") / max(1, len(watched_days))
    return 1 / np.maximum(share, LEAST_SHARE)


def _fit(words: Vocabulary, samples: Samples, counted: Floats, runs: int) -> Learnt:
    wanted = np.log1p(samples.remaining_days)
    middle = fit(samples.rows, wanted, counted, loss="absolute_error")
    upper = fit(samples.rows, wanted, counted, loss="quantile", quantile=0.85)
    return Learnt(words, middle, upper, np.zeros(len(LEVELS)), runs, 0)


def calibrated(learnt: Learnt, samples: Samples, counted: Floats) -> Learnt:
    """The same trees with their distribution measured on these samples, each counted so often."""
    if len(samples.at) == 0:
        return learnt
    middle, spread = learnt.spread(samples.rows)
    away = (np.log1p(samples.remaining_days) - middle) / spread
    residuals = np.quantile(away, LEVELS, weights=counted, method="inverted_cdf")
    return Learnt(learnt.words, learnt.middle, learnt.upper, residuals, learnt.runs, len(samples.at))


def _days(logarithms: Floats) -> Floats:
    return np.expm1(np.clip(logarithms, 0.0, np.log1p(LONGEST_DAYS)))
