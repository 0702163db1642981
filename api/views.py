"""Views: what the read models answer, with the position that each answer reflects."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import fields, replace
from decimal import Decimal
from typing import Annotated, Any, Literal, Protocol, TypeVar
from uuid import UUID

import orjson
from fastapi import APIRouter, Path, Query, Request
from psycopg import Connection
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.asked import DiffQuery, HomeQuery, PageQuery, StatsQuery, ViewQuery
from api.conditional import Tagged, tag_of
from api.diffs import Diff, compare, draft_of
from api.guard import caller_of
from api.problems import Problem
from api.process_commands import process_key
from api.registering import add_view, stream_id
from api.services import Services
from api.sight import SeenRun, Sight, sees_texts, sight_of
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


_show = show


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


def add_views(router: APIRouter) -> None:
    """Register every view."""
    views: tuple[tuple[str, Any, type[Any], str, str], ...] = (
        ("/v1/runs/{id}", run, SeenRun, "A run: every step by stage", "Runs"),
        (
            "/v1/projects/{id}/funnel",
            project_funnel,
            answers.Funnel,
            "How far the runs of a project got",
            "Projects",
        ),
        ("/v1/projects", projects, answers.Projects, "All projects", "Projects"),
        ("/v1/processes", processes, answers.Processes, "All processes", "Processes"),
        (
            "/v1/processes/{key}",
            process,
            answers.ProcessView,
            "A process, its draft and versions",
            "Processes",
        ),
        (
            "/v1/processes/{key}/versions/{version}",
            version,
            answers.VersionRow,
            "A published version",
            "Processes",
        ),
        (
            "/v1/processes/{key}/stats",
            stats,
            answers.ProcessStats,
            "How the runs of a process really went",
            "Processes",
        ),
        (
            "/v1/processes/{key}/insights",
            insights,
            answers.Insights,
            "What the runs of a process teach",
            "Processes",
        ),
        (
            "/v1/processes/{key}/funnel",
            funnel,
            answers.Funnel,
            "How far the runs of a process got",
            "Processes",
        ),
        ("/v1/home", home, answers.Home, "What a person sees first", "Work"),
    )
    for path, show, told, summary, tag in views:
        add_view(router, path, show, told, summary, tag=tag)
    add_view(
        router, "/v1/processes/{key}/diff", diff, Diff, "What changed between two versions", tag="Processes"
    )


async def run(request: Request, id: str, query: Annotated[ViewQuery, Query()]) -> Response:  # noqa: A002 - its name in the address
    """Every stage and step with state, people, times, and what it waits for; values for those whom they concern."""
    stream = stream_id(id)
    seen = await _sight(request, stream)
    return await show(
        request,
        query,
        lambda connection: seen.of_run(
            queries.run(
                connection,
                stream,
                seen.definition,
                now=services_of(request).clock(),
                calendar=calendar_of(request),
            )
        ),
    )


def calendar_of(request: Request) -> Calendar:
    """The organisation's calendar."""
    return services_of(request).calendar


async def _sight(request: Request, stream: UUID) -> Sight:
    return await run_in_threadpool(sight_of, services_of(request), stream, caller_of(request))


async def texts_for(request: Request, project: UUID | None) -> bool:
    """Whether the caller is told what help is needed for."""
    return await run_in_threadpool(sees_texts, services_of(request), project, caller_of(request))


async def project_funnel(request: Request, id: str, query: Annotated[ViewQuery, Query()]) -> Response:  # noqa: A002 - as above
    """How many runs reached each stage, stand in it, and how the others ended."""
    project = stream_id(id)
    return await show(request, query, lambda connection: queries.funnel(connection, project))


async def projects(request: Request, query: Annotated[PageQuery, Query()]) -> Response:
    """Open ones first."""
    return await show(
        request,
        query,
        lambda connection: queries.projects(
            connection, now=services_of(request).clock(), calendar=calendar_of(request), page=query.page
        ),
    )


async def processes(request: Request, query: Annotated[PageQuery, Query()]) -> Response:
    """Published, drafted and retired ones."""
    return await show(request, query, lambda connection: queries.processes(connection, query.page))


async def process(request: Request, key: str, query: Annotated[ViewQuery, Query()]) -> Response:
    """The draft as it stands, and every version, newest first."""
    name = process_key(key)
    return await show(request, query, lambda connection: queries.process(connection, name))


async def version(
    request: Request,
    key: str,
    version: Annotated[int, Path(ge=1, le=2_000_000_000)],
    query: Annotated[ViewQuery, Query()],
) -> Response:
    """The document of a version; it never changes."""
    found = await _versions(request, key, query, version)
    wanted = _version(found, version)
    return to_json(wanted, {"Milepost-Position": str(found.position)})


async def diff(request: Request, key: str, query: Annotated[DiffQuery, Query()]) -> Response:
    """By structure (which steps and stages) and by text (a unified diff of the documents as JSON)."""
    found = await _versions(request, key, query, query.before, query.after)
    told = compare(_version(found, query.before), _version(found, query.after))
    return to_json(told, {"Milepost-Position": str(found.position)})


async def stats(request: Request, key: str, query: Annotated[StatsQuery, Query()]) -> Response:
    """Durations per step, stage and version, variants, rework, hand-overs."""
    name = process_key(key)
    return await show(
        request, query, lambda connection: queries.process_stats(connection, name, query.version)
    )


async def insights(request: Request, key: str, query: Annotated[StatsQuery, Query()]) -> Response:
    """Times per version and step, first-pass approvals, rework loops, conformance, where runs are now."""
    name = process_key(key)
    now = services_of(request).clock()
    return await _show(
        request, query, lambda connection: queries.insights(connection, name, query.version, now=now)
    )


async def funnel(request: Request, key: str, query: Annotated[ViewQuery, Query()]) -> Response:
    """How many runs reached each stage, stand in it, and how the others ended."""
    name = process_key(key)
    return await show(request, query, lambda connection: queries.funnel(connection, name))


async def home(request: Request, query: Annotated[HomeQuery, Query()]) -> Response:
    """A person's work, projects and processes, and what needs attention."""
    person = query.person or caller_of(request).actor
    texts = await texts_for(request, None)
    return await show(
        request,
        query,
        lambda connection: queries.home(
            connection, person, texts=texts, now=services_of(request).clock(), calendar=calendar_of(request)
        ),
    )


async def _versions(
    request: Request, key: str, query: ViewQuery, *wanted: int | Literal["draft"]
) -> answers.ProcessView:
    """The process, with the versions that are asked for. Raises NotFound."""
    name = process_key(key)

    def ask(connection: Connection[Any]) -> answers.ProcessView:
        found = queries.process(connection, name)
        there = sorted(row.version for row in found.versions)
        for number in wanted:
            if number != "draft" and number not in there:
                raise queries.NotFound("process version", f"{name} {number}", there)
        return found

    return await answer(services_of(request), ask, query.min_position)


def _version(process: answers.ProcessView, number: int | Literal["draft"]) -> answers.VersionRow:
    if number == "draft":
        return draft_of(process)
    return next(row for row in process.versions if row.version == number)
