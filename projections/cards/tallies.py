"""How many cards stand where, and how far runs came: counted in one look at the board, for all who need such counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from psycopg import sql

from projections.asking import Conn
from projections.statements import ask, composed, statements

_OF_PROJECT = composed("cards/tallies", scope=sql.SQL("c.project = %(project)s"))["by_hash"]
_OF_ALL = composed("cards/tallies", scope=sql.SQL("true"))["by_hash"]
_OF_PROCESS = statements("cards/tallies")["of_process"]


class Tally(NamedTuple):
    """So many ``cards`` that are alike in where they stand, in what became of them, and in the stages they reached."""

    project: UUID | None
    process: str | None
    kind: str
    stage: str
    life: str
    open: bool
    reached: Sequence[str]
    cards: int


def tallies(connection: Conn, *, project: UUID | None = None, process: str | None = None) -> list[Tally]:
    """The cards of a project, of a process, or (without either) all there are."""
    if project is not None:
        return ask(connection, _OF_PROJECT, Tally, project=project)
    if process is not None:
        return ask(connection, _OF_PROCESS, Tally, process=process)
    return ask(connection, _OF_ALL, Tally)


def ended_runs(each: Tally) -> bool:
    """Whether these are runs that are over."""
    return each.kind == "run" and not each.open


def open_runs(each: Tally) -> bool:
    """Whether these are runs under way or paused."""
    return each.kind == "run" and each.open


def open_tasks(each: Tally) -> bool:
    """Whether these are tasks that are not done."""
    return each.kind == "task" and each.open


def total(found: Iterable[Tally], which: Callable[[Tally], bool]) -> int:
    """How many cards are such."""
    return sum(each.cards for each in found if which(each))


def by_stage(found: Iterable[Tally], which: Callable[[Tally], bool]) -> Counter[str]:
    """How many cards that are such stand in each stage."""
    counts: Counter[str] = Counter()
    for each in found:
        if which(each):
            counts[each.stage] += each.cards
    return counts


def reached(found: Iterable[Tally]) -> Counter[str]:
    """How many runs ever reached each stage."""
    counts: Counter[str] = Counter()
    for each in found:
        if each.kind == "run":
            for stage in each.reached:
                counts[stage] += each.cards
    return counts


def by_stage_and_life(found: Iterable[Tally]) -> Counter[tuple[str, str]]:
    """How many runs stand in each stage, by what became of them."""
    counts: Counter[tuple[str, str]] = Counter()
    for each in found:
        if each.kind == "run":
            counts[each.stage, each.life] += each.cards
    return counts
