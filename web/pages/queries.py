"""Puts the question of a page to the read models."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

from fastapi import Request
from psycopg import Connection

from api.handling.answering import Positioned, answer
from api.handling.queries import PageQuery
from api.handling.services import Services
from api.wire.problems import Problem
from api.wire.reading import validate
from projections import answers, queries
from web.words.people import NAMES

ON_A_PAGE = 100
"""Rows of a list that a page shows at once."""

A = TypeVar("A", bound=Positioned)


async def ask(request: Request, query: Callable[[Connection[Any]], A]) -> A:
    """What a query answers, at least as new as the page asks for; not found otherwise."""
    services: Services = request.app.state.services
    least = request.query_params.get("min_position", "")
    known = least.isascii() and least.isdigit()
    NAMES.set(await services.directories.recently())
    try:
        return await answer(services, query, int(least[:18]) if known else None)
    except queries.NotFound as missing:
        raise Problem("not_found", str(missing)) from None


async def latest_history(request: Request, stream: UUID) -> answers.History:
    """The newest of what happened to a stream, or what was before the version that the address names (``before``)."""
    text = request.query_params.get("before", "")
    before = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
    services: Services = request.app.state.services
    return await services.read(
        lambda connection: queries.latest_history(connection, stream, before, ON_A_PAGE)
    )


def asked_page(request: Request, name: str = "after") -> PageQuery:
    """Which page of its list the address asks for, by a parameter of this name. Raises Problem."""
    given = request.query_params.get(name)
    return validate(PageQuery, {"limit": ON_A_PAGE, **({"after": given} if given else {})})
