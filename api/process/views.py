"""Views of processes: their versions and what differs between two, and what their runs teach."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from psycopg import Connection
from starlette.responses import Response

from api.handling.answering import answer, services_of, show, to_json
from api.handling.queries import DiffQuery, PageQuery, StatsQuery, ViewQuery
from api.handling.registering import add_view
from api.process.commands import process_key
from api.process.diffs import Diff, compare, draft_of
from projections import answers, queries


def add_process_views(router: APIRouter) -> None:
    """Register the views."""
    views: tuple[tuple[str, Any, type[Any], str, str], ...] = (
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
    )
    for path, shown, told, summary, tag in views:
        add_view(router, path, shown, told, summary, tag=tag)
    add_view(
        router, "/v1/processes/{key}/diff", diff, Diff, "What changed between two versions", tag="Processes"
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
    return await show(
        request, query, lambda connection: queries.insights(connection, name, query.version, now=now)
    )


async def funnel(request: Request, key: str, query: Annotated[ViewQuery, Query()]) -> Response:
    """How many runs reached each stage, stand in it, and how the others ended."""
    name = process_key(key)
    return await show(request, query, lambda connection: queries.funnel(connection, name))


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
