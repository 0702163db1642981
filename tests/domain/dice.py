"""Many small questions answered from one drawn number: drawing is slow, and a run of the tests asks very many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from hypothesis import strategies as st

T = TypeVar("T")

lots = st.integers(0, 2**24 - 1)
"""Larger ones would mostly be small: hypothesis draws numbers evenly up to here only."""


class Dice:
    """Uses a lot up, question by question; after that, as with the lot 0, the first answer is always taken."""

    def __init__(self, lot: int) -> None:
        """The lot is what is left of it."""
        self.lot = lot

    def below(self, count: int) -> int:
        """A number from 0 up to below this."""
        self.lot, found = divmod(self.lot, count)
        return found

    def one_of(self, options: Sequence[T]) -> T:
        """One of these."""
        return options[self.below(len(options))]

    def happens(self, once_in: int) -> bool:
        """Whether something happens that does so once in so many times."""
        return self.below(once_in) == once_in - 1

    def some_of(self, options: Sequence[T], most: int = 3) -> list[T]:
        """Up to so many of these, each once, in any order."""
        left = list(options)
        return [left.pop(self.below(len(left))) for _ in range(min(self.below(most + 1), len(left)))]
