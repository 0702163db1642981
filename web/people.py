"""The page of a person: who they are and what is open with them; and the one of everybody's load by week."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from psycopg import Connection
from starlette.responses import Response

from api.matrix import Rule
from api.people_views import WorkloadQuery
from api.problems import Problem
from api.reading import validate
from api.services import Services
from api.streams import person_key
from api.views import answer
from projections import queries
from projections.answers import Inbox, PersonView
from projections.answers.workload import Workload
from web import words
from web.rendering import page

_READ = Rule(frozenset({"read"}))
RULES: dict[str, Rule] = {"GET /people/{key}": _READ, "GET /workload": _READ}
"""Whoever may look; the same as the HTTP interface tells of a person and an inbox."""

_SHOWN = 100


def add_people_pages(router: APIRouter) -> None:
    """Register both pages."""
    router.add_api_route("/people/{key}", person, methods=["GET"], response_model=None)
    router.add_api_route("/workload", workload, methods=["GET"], response_model=None)


async def person(request: Request) -> Response:
    """Somebody's name, manager, groups and open work; who left, since when and why."""
    services: Services = request.app.state.services
    key = person_key(request.path_params["key"])
    least = request.query_params.get("min_position", "")
    wanted = int(least[:18]) if least.isascii() and least.isdigit() else None
    words.NAMES.set(await services.directories.recently())

    def told(connection: Connection[Any]) -> PersonView:
        return queries.person(connection, key)

    def open_work(connection: Connection[Any]) -> Inbox:
        now, calendar = services.clock(), services.calendar
        return queries.inbox(connection, f"person:{key}", now=now, calendar=calendar, limit=_SHOWN)

    try:
        seen = await answer(services, told, wanted)
    except queries.NotFound as missing:
        raise Problem("not_found", str(missing)) from None
    work = await services.read(open_work)
    return page(request, "person.html", person=seen.person, work=work, answer=seen)


async def workload(request: Request) -> Response:
    """Hours of work by person and week, of one project or of all, against what each can work."""
    services: Services = request.app.state.services
    query = validate(WorkloadQuery, {name: text for name, text in request.query_params.items() if text})
    words.NAMES.set(await services.directories.recently())

    def ask(connection: Connection[Any]) -> Workload:
        return queries.workload(
            connection, services.repository.definition, services.calendar, weeks=query.weeks, project=query.project,
            now=services.clock(),
        )  # fmt: skip

    told = await answer(services, ask, query.min_position)
    return page(request, "workload.html", load=told, answer=told, project=query.project)
