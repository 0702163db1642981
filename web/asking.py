"""Puts the question of a page to the read models."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import Request
from psycopg import Connection

from api.problems import Problem
from api.services import Services
from api.views import Positioned, answer
from projections import queries
from web import words

A = TypeVar("A", bound=Positioned)


async def ask(request: Request, query: Callable[[Connection[Any]], A]) -> A:
    """What a query answers, at least as new as the page asks for; not found otherwise."""
    services: Services = request.app.state.services
    least = request.query_params.get("min_position", "")
    known = least.isascii() and least.isdigit()
    words.NAMES.set(await services.directories.recently())
    try:
        return await answer(services, query, int(least[:18]) if known else None)
    except queries.NotFound as missing:
        raise Problem("not_found", str(missing)) from None
