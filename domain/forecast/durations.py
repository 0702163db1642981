"""How long steps take: survival curves from what was seen, open work included, shrunk to what the author expects."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from domain.forecast.features import Floats

Numbers = NDArray[np.floating[Any]]
POINTS = 64
"""A duration is kept as its quantiles at so many equal steps; between them it is linear."""
GRID = np.linspace(0.0, 1.0, POINTS + 1)
ENOUGH = 10
"""From so many samples on, what was seen stands alone."""
AUTHOR_P85 = 2.0
"""What an author expects is a median; one case in seven takes at least this many times as long."""
_SIGMA = float(np.log(AUTHOR_P85) / NormalDist().inv_cdf(0.85))
_GRID_NORMAL = np.array([NormalDist().inv_cdf(min(max(level, 0.001), 0.999)) for level in GRID])


@dataclass(frozen=True)
class Duration:
    """The distribution of one duration in working seconds: its quantiles at GRID, and on how much it rests."""

    quantiles: Floats
    samples: int
    open: int = 0

    def at(self, level: float) -> float:
        """The quantile at this level."""
        return float(np.interp(level, GRID, self.quantiles))

    @property
    def mean(self) -> float:
        """The mean."""
        return float(np.trapezoid(self.quantiles, GRID))

    def reached(self, seconds: float) -> float:
        """The share that takes at most so long."""
        return float(np.interp(seconds, self.quantiles, GRID, left=0.0, right=1.0))


def kaplan_meier(durations: ArrayLike, finished: ArrayLike) -> tuple[Floats, Floats]:
    """Times at which something finished, and the share that is finished by then.

    E. L. Kaplan, P. Meier, Nonparametric estimation from incomplete observations (1958): the share still open falls at
    each end by the share of those still watched that ended there. The longest is taken as finished (Efron, 1967).
    """
    seconds, done = np.asarray(durations, float), np.asarray(finished, bool).copy()
    if len(seconds) == 0:
        return np.empty(0), np.empty(0)
    done[seconds == seconds.max()] = True
    times, place = np.unique(seconds, return_inverse=True)
    ended = np.bincount(place, done)
    watched = len(seconds) - np.concatenate([[0], np.cumsum(np.bincount(place))[:-1]])
    left = np.cumprod(1 - ended / watched)
    at = ended > 0
    return times[at], 1 - left[at]


def seen(durations: ArrayLike, finished: ArrayLike) -> Floats:
    """The quantiles at GRID of what was seen: the first time at which that share was finished."""
    times, share = kaplan_meier(durations, finished)
    if len(times) == 0:
        return np.zeros(len(GRID))
    places = np.minimum(np.searchsorted(share, GRID - 1e-12, "left"), len(times) - 1)
    return np.asarray(times[places])


def expected(median_seconds: float) -> Floats:
    """The quantiles at GRID of what an author expects: lognormal, with AUTHOR_P85 times the median as its P85."""
    return np.asarray(median_seconds * np.exp(_SIGMA * _GRID_NORMAL))


def learn(durations: ArrayLike, finished: ArrayLike, author_seconds: float) -> Duration:
    """What was seen, shrunk to what the author expects below ENOUGH samples.

    With n finished samples each quantile is n/10 of what was seen and 1 - n/10 of what is expected (averaging quantiles
    keeps the shape: Vincent, 1912; Ratcliff, 1979).
    """
    done = int(np.count_nonzero(finished))
    share = min(1.0, done / ENOUGH)
    quantiles = (1 - share) * expected(author_seconds)
    if done:
        quantiles = quantiles + share * seen(durations, finished)
    return Duration(quantiles, done, len(np.asarray(durations)) - done)


def draw(table: Numbers, levels: Numbers) -> Numbers:
    """Values at ``levels`` (rows, simulations) of the distributions in ``table`` (rows, len(GRID)).

    ``levels`` is left as it is; single precision is twice as fast as double.
    """
    scaled = levels * levels.dtype.type(POINTS)
    place = scaled.astype(np.intp)
    np.minimum(place, POINTS - 1, out=place)
    scaled -= place.astype(levels.dtype)
    place += np.arange(0, table.size, table.shape[1])[:, None]
    rises = np.diff(table, append=table.dtype.type(0))
    scaled *= rises.ravel().take(place, mode="clip")
    scaled += table.ravel().take(place, mode="clip")
    return scaled


def rate(happened: float, cases: float, prior: float, weight: float = ENOUGH) -> float:
    """A share from few cases: as if ``weight`` earlier cases had shown ``prior``."""
    return (happened + prior * weight) / (cases + weight)
