"""Which runs, tasks and projects somebody sees: what lists of many are cut down to.

What may be shown is found by `api.handling.seeing`; here is how an answer goes by it. One thing alone is asked of the
log by the gate of the application.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from projections.asking import Conn
from projections.statements import ask, parts, statements, values_of

VISIBLE = parts("visible_parts")
"""Parts of statements: ``{visible}`` of a table ``c`` with the columns project, process and card."""
_SQL = statements("visible")


@dataclass(frozen=True, slots=True)
class Visible:
    """What somebody sees: ``everything``, or these projects, runs and tasks, and the runs of these processes.

    ``every_run``: they look after all processes.
    """

    everything: bool = False
    projects: frozenset[UUID] = frozenset()
    cards: frozenset[UUID] = frozenset()
    processes: frozenset[str] = frozenset()
    every_run: bool = False

    def shows(self, card: UUID, project: UUID | None, process: str | None) -> bool:
        """Whether they see this run or task."""
        return (
            self.everything
            or project in self.projects
            or card in self.cards
            or (process is not None and (self.every_run or process in self.processes))
        )

    def shows_project(self, project: UUID | None) -> bool:
        """Whether they see this project."""
        return self.everything or project in self.projects

    @property
    def asked(self) -> dict[str, Any]:
        """The values that ``VISIBLE`` asks for."""
        return {
            "sees_everything": self.everything,
            "sees_projects": list(self.projects),
            "sees_cards": list(self.cards),
            "sees_processes": list(self.processes),
            "sees_every_run": self.every_run,
        }


EVERYTHING = Visible(everything=True)


class Place(NamedTuple):
    """Where a run or a task belongs."""

    card: UUID
    project: UUID | None
    process: str | None


def projects_of(connection: Conn, names: Collection[str]) -> list[UUID]:
    """The projects that one of these owns, or is in, as far as the read models are."""
    return values_of(connection, _SQL["projects_of"], names=list(names))


def cards_of(connection: Conn, names: Collection[str]) -> list[UUID]:
    """The runs that one of these started, fills a role of or has an open step of, and their open tasks; as above."""
    return values_of(connection, _SQL["cards_of"], names=list(names))


def moved_since(connection: Conn, cards: Collection[UUID]) -> list[UUID]:
    """Those of the runs and tasks whose streams went on behind what the read models reflect."""
    return values_of(connection, _SQL["moved_since"], cards=list(cards))


def places_of(connection: Conn, cards: Collection[UUID]) -> dict[UUID, Place]:
    """Where these runs and tasks belong; what the read models do not know is left out."""
    return {each.card: each for each in ask(connection, _SQL["places"], Place, cards=list(cards))}
