"""Answers of the read models over HTTP: waited for, written as JSON, with the position that each reflects."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import fields, replace
from decimal import Decimal
from typing import Any, Protocol, TypeVar

import orjson
from fastapi import Request
from psycopg import Connection
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.handling.queries import ViewQuery
from api.handling.services import Services
from api.wire.conditional import Tagged, tag_of
from api.wire.problems import Problem
from application.found import stream_of
from domain.schedule import Calendar
from projections import answers, queries

_FIRST_WAIT_SECONDS = 0.05
_FRESHNESS: dict[str, Any] = {"position": 0, "as_of": None, "behind": 0}
"""What an answer says of its own freshness."""


class Positioned(Protocol):
    """An answer that says which position it reflects."""

    @property
    def position(self) -> int:
        """The position."""


A = TypeVar("A", bound=Positioned)


def services_of(request: Request) -> Services:
    """What this application works with."""
    services: Services = request.app.state.services
    return services


def calendar_of(request: Request) -> Calendar:
    """The organisation's calendar."""
    return services_of(request).calendar


async def answer(services: Services, ask: Callable[[Connection[Any]], A], least: int | None) -> A:
    """What a query answers, once that reflects position ``least``; a problem when it does not in time.

    What the log knows and the read model does not yet is waited for too: nobody is told that there is nothing where
    an event has announced it.
    """
    if least is not None and least > services.log.follower.head:
        await must_be_in_log(services, least)
    try:
        return await services.read(ask) if least is None else await _reflecting(services, ask, least)
    except queries.NotFound as missing:
        head = await run_in_threadpool(_announced_by, services, missing)
        if head is None:
            raise
    return await _reflecting(services, ask, head)


async def _reflecting(services: Services, ask: Callable[[Connection[Any]], A], least: int) -> A:
    end = asyncio.get_running_loop().time() + services.wait_seconds
    wait = _FIRST_WAIT_SECONDS
    while services.hub.position < least:
        found = await services.read(lambda connection: _if_there(connection, ask))
        left = end - asyncio.get_running_loop().time()
        if found is not None and found.position >= least:
            return found
        if left <= 0 or services.stopping.is_set():
            position = services.hub.position if found is None else found.position
            raise Problem("not_there_yet", f"this view is at position {position}", position=position)
        await services.hub.reach(least, min(wait, left))
        wait *= 2
    return await services.read(ask)


def _if_there(connection: Connection[Any], ask: Callable[[Connection[Any]], A]) -> A | None:
    try:
        return ask(connection)
    except queries.NotFound:
        return None  # it may be on its way


def _announced_by(services: Services, missing: queries.NotFound) -> int | None:
    """The head of the log, where the log has what a read model lacks; None for what was never there."""
    stream = stream_of(missing.kind, missing.id)
    there = stream is not None and services.log.select_stream(stream, 0, None, limit=1)
    return services.log.head() if there else None


async def must_be_in_log(services: Services, position: int) -> None:
    """A problem when the log does not reach this position."""
    head = await run_in_threadpool(services.log.head)
    if position > head:
        raise Problem("ahead_of_log", f"the log ends at {head}", head=head)


async def log_position(services: Services, query: ViewQuery) -> dict[str, str]:
    """The header of what is read where it is written: it always reflects the head of the log."""
    if query.min_position is not None:
        await must_be_in_log(services, query.min_position)
    return {"Milepost-Position": str(await run_in_threadpool(services.log.head))}


async def show(request: Request, query: ViewQuery, ask: Callable[[Connection[Any]], A]) -> Response:
    """The answer as JSON, once it reflects the position that the request asks for."""
    found = await answer(services_of(request), ask, query.min_position)
    return to_json(found, {"Milepost-Position": str(found.position)})


def to_json(value: Any, headers: dict[str, str]) -> Tagged:
    """An answer; dataclasses as objects. Its tag leaves aside how fresh it is, which changes by itself."""
    body = orjson.dumps(value, default=_written)
    return Tagged(body, headers, tag_of(orjson.dumps(_undated(value), default=_written), weak=True))


def _undated(value: Any) -> Any:
    aside = {name: still for name, still in _FRESHNESS.items() if hasattr(value, name)}
    if not aside:
        return value
    parts = ((each.name, getattr(value, each.name)) for each in fields(value))
    within = {name: _undated(part) for name, part in parts if hasattr(part, "as_of")}
    return replace(value, **within, **aside)


def _written(value: Any) -> Any:
    """A sum that Postgres made exact, as the number that the answer promises; stages whose JSON is there already."""
    match value:
        case Decimal():
            return float(value)
        case answers.StageDots():
            return orjson.Fragment(value.json)
        case _:
            raise TypeError
