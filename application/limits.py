"""Columns that take no more: counted at the head of the log, one move into such a column at a time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from datetime import datetime
from typing import Any
from uuid import UUID
from weakref import WeakValueDictionary

from psycopg import Connection

from application.blocking import blocks, wait_for
from application.found import PROJECTS
from application.milepost import Milepost
from domain.events import ProjectStage
from domain.project import Project, stands_in
from domain.words import Rejected
from projections import queries

_LOCK = "select pg_advisory_lock(hashtextextended(%s, 0))"
_TURNS: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()


@asynccontextmanager
async def room_in(
    app: Milepost, project: UUID | None, stage: str | None, at: datetime, card: UUID | None = None
) -> AsyncIterator[None]:
    """Whatever is moved into the column in this context finds room; Rejected("column_full") when there is none.

    ``card`` is what moves; it may move within its own column. Other processes wait for their turn too. Without
    ``project`` or ``stage`` nothing moves.
    """
    if project is None or stage is None:
        yield
        return
    column = await wait_for(lambda: _hard_column(app, project, stage))
    if column is None:
        yield
        return
    name = f"milepost column {project} {column.key}"
    turn = _TURNS.setdefault(name, asyncio.Lock())
    async with nullcontext() if blocks() else turn:
        connection = await wait_for(lambda: app.started_log.connected("column"))
        try:  # the lock ends with the connection
            await wait_for(lambda: connection.execute(_LOCK, [name]))
            await wait_for(lambda: _must_have_room(app, connection, column, project, at, card))
            yield
        finally:
            await wait_for(connection.close)


def _hard_column(app: Milepost, project: UUID, stage: str) -> ProjectStage | None:
    state = app.load(PROJECTS, project)
    if not isinstance(state, Project):
        return None
    shown_in = stands_in([each.key for each in state.stages], stage)
    return next((each for each in state.stages if each.key == shown_in and each.wip_hard), None)


def _must_have_room(
    app: Milepost,
    connection: Connection[Any],
    column: ProjectStage,
    project: UUID,
    at: datetime,
    card: UUID | None,
) -> None:
    standing = queries.standing_now(connection, project, at, app.definition)
    count = Counter(standing.values())[column.key]
    stays = card is not None and standing.get(card) == column.key
    if stays or column.wip_limit is None or count < column.wip_limit:
        return
    raise Rejected(
        "column_full",
        f"{column.title} holds {count} open cards, and takes no more than {column.wip_limit}",
        stage=column.key,
        count=count,
        limit=column.wip_limit,
    )
