"""Views: what the read models answer, with the position that each answer reflects."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Any, Literal, Protocol, TypeVar
from uuid import UUID

import orjson
from fastapi import APIRouter, Query, Request
from psycopg import Connection
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.events import Position
from api.guard import caller_of
from api.problems import Problem
from api.process_commands import process_key
from api.registering import add_view, stream_id
from api.services import Services
from domain.document import Key
from projections import answers, queries

Who = Annotated[str, StringConstraints(pattern=r"^(person|guest|group|service):[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}$")]
Version = Annotated[int, Field(ge=1, le=2_000_000_000)]
Limit = Annotated[int, Field(ge=1, le=500)]
_FIRST_WAIT_SECONDS = 0.05


class Positioned(Protocol):
    """An answer that says which position it reflects."""

    @property
    def position(self) -> int:
        """The position."""


A = TypeVar("A", bound=Positioned)


class ViewQuery(BaseModel):
    """What every view takes."""

    model_config = ConfigDict(extra="forbid")
    min_position: Position | None = Field(
        None, description="wait (a few seconds at most) until the view reflects this position: read your own writes"
    )


class InboxQuery(ViewQuery):
    """Whose inbox."""

    person: Who | None = Field(None, description="whose inbox; the caller's own without it")


class AttentionQuery(ViewQuery):
    """Of which project."""

    project: UUID | None = None


class RunsQuery(ViewQuery):
    """Which runs, newest first."""

    process: Key | None = None
    project: UUID | None = None
    state: Literal["running", "paused", "completed", "ended_early", "cancelled"] | None = None
    limit: Limit = 50
    after: UUID | None = Field(None, description="the `next_after` of the page before")


class HistoryQuery(ViewQuery):
    """Which page of a history."""

    after: Position = Field(0, description="entries above this version of the run")
    limit: Limit = 200


class StatsQuery(ViewQuery):
    """Of which version."""

    version: Version | None = Field(None, description="all versions together without it")


class DiffQuery(ViewQuery):
    """Between which versions."""

    before: Version
    after: Version


def services_of(request: Request) -> Services:
    """What this application works with."""
    services: Services = request.app.state.services
    return services


async def answer(services: Services, ask: Callable[[Connection[Any]], A], least: int | None) -> A:
    """What a query answers, once that reflects position ``least``; a problem when it does not in time."""
    if least is None:
        return await services.read(ask)
    if least > services.log.follower.head:
        await _must_be_in_log(services, least)
    end = asyncio.get_running_loop().time() + services.wait_seconds
    wait = _FIRST_WAIT_SECONDS
    while services.hub.position < least:
        found = await services.read(ask)
        left = end - asyncio.get_running_loop().time()
        if found.position >= least:
            return found
        if left <= 0 or services.stopping.is_set():
            raise Problem("not_there_yet", f"this view is at position {found.position}", position=found.position)
        await services.hub.reach(least, min(wait, left))
        wait *= 2
    return await services.read(ask)


async def _must_be_in_log(services: Services, position: int) -> None:
    head = await run_in_threadpool(services.log.head)
    if position > head:
        raise Problem("ahead_of_log", f"the log ends at {head}", head=head)


async def _show(request: Request, ask: Callable[[Connection[Any]], A | None], query: ViewQuery, missing: Problem | None = None) -> Response:
    raise NotImplementedError
