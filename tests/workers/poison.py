"""The read models with a defect in one of them: the board raises on one word in a comment."""

from dataclasses import replace
from datetime import datetime

from projections.engine.fold import Data, Fold
from projections.engine.projection import Projection, Source
from projections.facts.task import TaskFacts
from projections.registry import PROJECTIONS

WORD = "poison"


def poisoned() -> list[Projection]:
    """All read models; the board is the defective one."""
    return [_defective(each) if each.name == "board" else each for each in PROJECTIONS]


def _defective(board: Projection) -> Projection:
    source = board.sources["task"]
    (fold,) = source.folds
    right = fold.handlers["task_commented"]

    def commented(task: TaskFacts, data: Data, at: datetime, by: str | None) -> None:
        if data["text"] == WORD:
            raise ValueError("a word that this code does not understand")
        right(task, data, at, by)

    broken = Fold(fold.name, fold.make, {**fold.handlers, "task_commented": commented})
    return replace(board, sources={**board.sources, "task": Source((broken,), source.rows)})
