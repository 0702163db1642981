"""One kind of paging for every list: so many rows (``limit``) behind others (``after``), and how many come then."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")


class Page(NamedTuple):
    """At most ``limit`` rows (None: all there are), behind ``after`` others."""

    limit: int | None = 100
    after: int = 0


ALL = Page(None)
FIRST = Page()


class Left(NamedTuple):
    """What comes after a page: ``more`` rows, behind ``next_after`` (None: nothing)."""

    more: int
    next_after: int | None


def counted(found: Sequence[tuple[Any, ...]], page: Page) -> tuple[tuple[tuple[Any, ...], ...], Left]:
    """The rows of a page, and what is left after it; the last column of each says how many rows there are in all."""
    total = found[0][-1] if found else 0
    return tuple(row[:-1] for row in found), left(total, page, len(found))


def cut(rows: Sequence[T], page: Page) -> tuple[tuple[T, ...], Left]:
    """A page of all the rows of a list that is made here, and what is left after it."""
    end = None if page.limit is None else page.after + page.limit
    shown = tuple(rows[page.after : end])
    return shown, left(len(rows), page, len(shown))


def left(total: int, page: Page, shown: int) -> Left:
    """What is left of ``total`` rows after a page that shows so many of them."""
    more = max(total - page.after - shown, 0)
    return Left(more, page.after + shown if more and shown else None)
