"""Columns that take no more: counted at the head of the log, one move into such a column at a time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID
from weakref import WeakValueDictionary

from psycopg import Connection
from starlette.concurrency import run_in_threadpool

from api.services import Services
from api.streams import PROJECTS
from domain.events import ProjectStage
from domain.project import Project, stands_in
from domain.words import Rejected
from projections import queries

_LOCK = "select pg_advisory_lock(hashtextextended(%s, 0))"
_UNLOCK = "select pg_advisory_unlock(hashtextextended(%s, 0))"
_TURNS: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()


@asynccontextmanager
async def room_in(
    services: Services, project: UUID | None, stage: str, card: UUID | None = None
) -> AsyncIterator[None]:
    """Whatever is moved into the column in this context finds room; Rejected("column_full") when there is none.

    ``card`` is what moves; it may move within its own column. Other processes of the API wait for their turn too.
    """
    column = None if project is None else await run_in_threadpool(_hard_column, services, project, stage)
    if column is None or project is None:
        yield
        return
    name = f"milepost column {project} {stage}"
    turn = _TURNS.setdefault(name, asyncio.Lock())
    async with turn:
        connection = await run_in_threadpool(services.pool.getconn)
        try:
            await run_in_threadpool(_take_turn, services, connection, name, column, project, card)
            try:
                yield
            finally:
                await run_in_threadpool(connection.execute, _UNLOCK, [name])
        finally:
            await run_in_threadpool(services.pool.putconn, connection)


def _hard_column(services: Services, project: UUID, stage: str) -> ProjectStage | None:
    state = services.app.load(PROJECTS, project)
    if not isinstance(state, Project):
        return None
    shown_in = stands_in([each.key for each in state.stages], stage)
    return next((each for each in state.stages if each.key == shown_in and each.wip_hard), None)


def _take_turn(
    services: Services,
    connection: Connection[Any],
    name: str,
    column: ProjectStage,
    project: UUID,
    card: UUID | None,
) -> None:
    connection.execute(_LOCK, [name])
    try:
        _must_have_room(services, connection, column, project, card)
    except BaseException:
        connection.execute(_UNLOCK, [name])
        raise


def _must_have_room(
    services: Services, connection: Connection[Any], column: ProjectStage, project: UUID, card: UUID | None
) -> None:
    standing = queries.standing_now(connection, project, services.clock(), services.app.definition)
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
