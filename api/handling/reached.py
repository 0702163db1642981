"""How far the live read models are, and which boards show what: what the hub asks the database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from psycopg import Connection

_POSITIONS = """
select g.projection, coalesce(c.position, 0)
from read.generation g left join log.checkpoint c on c.name = g.schema where g.state = 'live'
"""
_PROJECTS = "select distinct project from read.card where card = any(%s) and project is not null"


def positions(connection: Connection[Any]) -> Mapping[str, int]:
    """The position of every live read model, by its name."""
    return dict(connection.execute(_POSITIONS, prepare=True).fetchall())


def projects_of(connection: Connection[Any], cards: Iterable[UUID]) -> set[UUID]:
    """The projects whose boards show these runs and tasks."""
    return {project for (project,) in connection.execute(_PROJECTS, [list(cards)], prepare=True)}
