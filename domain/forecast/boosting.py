"""Boosted trees: learnt with scikit-learn, kept and evaluated as plain arrays: nothing stored is ever executed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from domain.forecast.features import Floats

Loss = Literal["absolute_error", "quantile"]
_CHUNK_ROWS = 4_000
_SEED = 0
_ROWS_FOR = np.array([50, 600, 100])
_FEWEST, _MOST = np.array([20, 8, 10]), np.array([250, 31, 100])
"""Trees, their leaves, and the least rows in a leaf: one for so many rows, within these bounds."""


@dataclass(frozen=True)
class Trees:
    """A sum of regression trees. Each array is (trees, nodes); a leaf is its own left and right child."""

    base: float
    feature: NDArray[np.int32]
    threshold: Floats
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    value: Floats
    depth: int

    def predict(self, rows: Floats) -> Floats:
        """The sum of the leaves that each row falls into."""
        parts = [self._predict(rows[at : at + _CHUNK_ROWS]) for at in range(0, len(rows), _CHUNK_ROWS)]
        return np.concatenate(parts) if parts else np.empty(0)

    def _predict(self, rows: Floats) -> Floats:
        found = np.full(len(rows), self.base)
        every = np.arange(len(rows))
        for feature, threshold, left, right, value in zip(
            self.feature, self.threshold, self.left, self.right, self.value, strict=True
        ):
            node = np.zeros(len(rows), np.int32)
            for _ in range(self.depth):
                goes_left = rows[every, feature[node]] <= threshold[node]
                node = np.where(goes_left, left[node], right[node])
            found += value[node]
        return found

    def arrays(self, prefix: str) -> dict[str, NDArray[Any]]:
        """All of it as named arrays, for storing."""
        return {
            f"{prefix}.base": np.array([self.base]), f"{prefix}.depth": np.array([self.depth]),
            f"{prefix}.feature": self.feature, f"{prefix}.threshold": self.threshold, f"{prefix}.left": self.left,
            f"{prefix}.right": self.right, f"{prefix}.value": self.value,
        }  # fmt: skip

    @classmethod
    def of_arrays(cls, prefix: str, stored: dict[str, NDArray[Any]]) -> Trees:
        """The trees that were stored under this prefix."""
        return cls(
            float(stored[f"{prefix}.base"][0]), stored[f"{prefix}.feature"], stored[f"{prefix}.threshold"],
            stored[f"{prefix}.left"], stored[f"{prefix}.right"], stored[f"{prefix}.value"],
            int(stored[f"{prefix}.depth"][0]),
        )  # fmt: skip


def fit(
    rows: Floats, wanted: Floats, weights: Floats | None, *, loss: Loss, quantile: float | None = None
) -> Trees:
    """Learn ``wanted`` from ``rows``: its median (absolute error) or a quantile.

    J. H. Friedman, Greedy function approximation: a gradient boosting machine (2001); the histogram form of LightGBM
    (2017), as scikit-learn has it. The same input gives the same trees.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor  # type: ignore[import-untyped]  # takes a second to load
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    varied = np.flatnonzero(rows.max(axis=0) > rows.min(axis=0)) if len(rows) else np.empty(0, np.intp)
    if len(varied) == 0:
        return _constant(_quantile(wanted, weights, 0.5 if quantile is None else quantile))
    # a small history is soon learnt by heart: fewer and smaller trees
    trees, leaves, least = (int(each) for each in np.clip(len(rows) // _ROWS_FOR, _FEWEST, _MOST))
    model = HistGradientBoostingRegressor(
        loss=loss,
        quantile=quantile,
        max_iter=trees,
        learning_rate=0.06,
        max_leaf_nodes=leaves,
        max_depth=10,
        min_samples_leaf=least,
        early_stopping=False,
        random_state=_SEED,
    )
    with threadpool_limits(
        1, user_api="openmp"
    ):  # threads that wait for each other cost more than they bring
        model.fit(rows[:, varied], wanted, sample_weight=weights)
    return _exported(model, varied)


def _quantile(values: Floats, weights: Floats | None, level: float) -> float:
    if len(values) == 0:
        return 0.0
    return float(np.quantile(values, level, weights=weights, method="inverted_cdf"))


def _constant(value: float) -> Trees:
    empty = np.zeros((0, 1), np.int32)
    return Trees(value, empty, np.zeros((0, 1)), empty, empty, np.zeros((0, 1)), 0)


def _exported(model: Any, varied: NDArray[np.intp]) -> Trees:
    """The trees of a fitted model; a test compares their sum with the model's own answer."""
    found = [predictor.nodes for (predictor,) in model._predictors]  # noqa: SLF001 - the library has no export
    size = max(len(nodes) for nodes in found)
    shape = len(found), size
    feature, left, right = (np.zeros(shape, np.int32) for _ in range(3))
    threshold, value = np.zeros(shape), np.zeros(shape)
    for tree, nodes in enumerate(found):
        count, leaf, own = len(nodes), nodes["is_leaf"].astype(bool), np.arange(len(nodes))
        feature[tree, :count] = np.where(leaf, varied[0], varied[nodes["feature_idx"].astype(np.intp)])
        threshold[tree, :count] = np.where(leaf, 0.0, nodes["num_threshold"])
        left[tree, :count] = np.where(leaf, own, nodes["left"])
        right[tree, :count] = np.where(leaf, own, nodes["right"])
        value[tree, :count] = np.where(leaf, nodes["value"], 0.0)
    depth = max(int(nodes["depth"].max()) for nodes in found)
    base = float(np.asarray(model._baseline_prediction).ravel()[0])  # noqa: SLF001 - as above
    return Trees(base, feature, threshold, left, right, value, depth)
