"""The read models with a defect in one of them: the board raises on one word in a comment."""

from dataclasses import replace

from domain.events import TaskCommented
from projections.engine.fold import Fold
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

    def commented(task: TaskFacts, event: TaskCommented) -> None:
        if event.text == WORD:
            raise ValueError("a word that this code does not understand")
        fold.take(task, event)

    broken = Fold(fold.name, fold.make, {**fold.handlers, TaskCommented: commented})
    return replace(board, sources={**board.sources, "task": Source((broken,), source.rows)})
