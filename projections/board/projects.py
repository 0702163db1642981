"""A project as it is kept: what it is called, its stages, who may see it."""

from __future__ import annotations

from uuid import UUID

from projections.asking import Conn, NotFound
from projections.board.rows import BoardProject
from projections.statements import ask, columns, composed

_SQL = composed("board/projects", columns_of_project=columns(BoardProject, "p"))


def project_of(connection: Conn, project: UUID) -> BoardProject:
    """The row of a project. Raises NotFound."""
    found = known_project(connection, project)
    if found is None:
        raise NotFound("project", project)
    return found


def known_project(connection: Conn, project: UUID) -> BoardProject | None:
    """The row of a project; None when there is none (yet)."""
    return next(iter(ask(connection, _SQL["project"], BoardProject, project=project)), None)
