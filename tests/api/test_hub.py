"""What tells pages of changes: it outlives a database that was away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import Connection
from psycopg_pool import PoolTimeout

from api.handling import reached
from api.handling.live import Hub
from store.connect import make_pool
from store.log import Log
from tests.support.databases import Database

DEADLINE_SECONDS = 10


class Away:
    """A question to the database that fails so many times before it is answered."""

    def __init__(self, error: type[Exception], times: int) -> None:
        self._error, self.left = error, times

    def ask(self, answer: Callable[[], Any]) -> Any:
        """The answer, or what psycopg raises when nobody is there."""
        if self.left:
            self.left -= 1
            raise self._error("the database is away")
        return answer()


@pytest.mark.parametrize("error", [psycopg.OperationalError, PoolTimeout])
@pytest.mark.parametrize("asks", ["reached", "projects_of"])
def test_pages_hear_of_changes_after_the_database_was_away(
    database: Database, error: type[Exception], asks: str
):
    """A question that the database did not answer is asked again; nothing that happened meanwhile is left out."""
    away = Away(error, 2)
    at = [0]

    def positions(_: Connection[Any]) -> Mapping[str, int]:
        told = {"board": at[0]}
        return away.ask(lambda: told) if asks == "reached" else told

    def boards(connection: Connection[Any], cards: Iterable[UUID]) -> set[UUID]:
        known = list(cards)
        return (
            away.ask(lambda: reached.projects_of(connection, known))
            if asks == "projects_of"
            else reached.projects_of(connection, known)
        )

    async def heard() -> int:
        stopping = asyncio.Event()
        with Log(database.app_url, durable=False) as log, make_pool(database.app_url, "api", 2) as pool:
            hub = Hub(log, pool, stopping, positions, boards)
            following = asyncio.create_task(hub.run())
            async with asyncio.timeout(DEADLINE_SECONDS), hub.subscribe() as stream:
                while hub.position == 0:
                    at[0] = 1
                    await hub.reach(1, 0.1)
                at[0] = 3
                while (change := stream.take()) is None:
                    await stream.something(0.1)
            stopping.set()
            await following
            return change.position

    assert asyncio.run(heard()) == 3
    assert away.left == 0
