"""Runs, histories, ready work and what needs attention: a page at a time, or all of it as CSV."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Query, Request
from psycopg import Connection
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.access.guard import caller_of
from api.handling.answering import calendar_of, services_of, show
from api.handling.exports import Sheet, export
from api.handling.queries import AttentionQuery, HistoryQuery, InboxQuery, RunsQuery
from api.handling.registering import add_view, stream_id
from api.handling.seeing import visible_to
from api.run.sight import sight_of, texts_for
from projections import answers, queries
from projections.answers import HistoryEntry, RunRow
from projections.paging import ALL

_RUN = tuple(each.name for each in fields(RunRow))
_ENTRY = tuple(each.name for each in fields(HistoryEntry))
_INBOX = tuple(each.name for each in fields(answers.InboxRow))
_ATTENTION = tuple(each.name for each in fields(answers.AttentionRow))
_BATCH = 500


def add_paged(router: APIRouter) -> None:
    """Register every list that has pages."""
    history = "Everything that happened in a run"
    add_view(router, "/v1/runs", runs, answers.Runs, "Runs, newest first", tag="Runs")
    add_view(router, "/v1/runs/{id}/history", run_history, answers.History, history, tag="Runs")
    add_view(router, "/v1/inbox", inbox, answers.Inbox, "A person's ready work", tag="Work")
    add_view(
        router, "/v1/attention", attention, answers.Attention, "What needs attention, everywhere", tag="Work"
    )


async def runs(request: Request, query: Annotated[RunsQuery, Query()]) -> Response:
    """One row a run."""
    known: dict[str, Any] = {
        "now": services_of(request).clock(), "calendar": calendar_of(request), "visible": await visible_to(request),
    }  # fmt: skip

    def page(connection: Connection[Any], limit: int, after: UUID | None) -> answers.Runs:
        return queries.runs(
            connection, query.process, query.project, query.state, limit, after, **known
        )  # fmt: skip

    def every(connection: Connection[Any]) -> Sheet:
        found = page(connection, _BATCH, None)
        rows = _pages(found, lambda after: page(connection, _BATCH, after), lambda one: one.rows)
        return Sheet("Runs", _RUN, _cells(rows, _RUN), found.position)

    if query.format == "csv":
        return await export(request, query, every)
    return await show(request, query, lambda connection: page(connection, query.limit, query.after))


async def run_history(request: Request, id: str, query: Annotated[HistoryQuery, Query()]) -> Response:  # noqa: A002 - its name in the address
    """Every event of the run as it was recorded, oldest first; values and texts for those whom they concern."""
    stream = stream_id(id)
    seen = await run_in_threadpool(sight_of, services_of(request), stream, caller_of(request))
    return await show_history(
        request,
        query,
        lambda connection, after, limit: seen.of_history(
            queries.run_history(connection, stream, after, limit)
        ),
    )


async def show_history(
    request: Request, query: HistoryQuery, page: Callable[[Connection[Any], int, int], answers.History]
) -> Response:
    """A page of a history, or all of it as CSV; ``page`` reads up to so many entries above a version."""

    def every(connection: Connection[Any]) -> Sheet:
        found = page(connection, 0, _BATCH)
        rows = _pages(found, lambda after: page(connection, after, _BATCH), lambda one: one.entries)
        return Sheet("History", _ENTRY, _cells(rows, _ENTRY), found.position)

    if query.format == "csv":
        return await export(request, query, every)
    return await show(request, query, lambda connection: page(connection, query.after, query.limit))


async def inbox(request: Request, query: Annotated[InboxQuery, Query()]) -> Response:
    """Overdue first (oldest due first), then today, then undated, then upcoming."""
    person = query.person or caller_of(request).actor
    known: dict[str, Any] = {"now": services_of(request).clock(), "calendar": calendar_of(request)}
    if person != caller_of(request).actor:
        known["visible"] = await visible_to(request)

    def every(connection: Connection[Any]) -> Sheet:
        found = queries.inbox(connection, person, **known, page=ALL)
        return Sheet("Inbox", _INBOX, _cells(found.rows, _INBOX), found.position)

    if query.format == "csv":
        return await export(request, query, every)
    return await show(
        request,
        query,
        lambda connection: queries.inbox(connection, person, **known, page=query.page),
    )


async def attention(request: Request, query: Annotated[AttentionQuery, Query()]) -> Response:
    """Everything that needs somebody: each row says why in plain words and carries the one action that fixes it."""
    known: dict[str, Any] = {
        "now": services_of(request).clock(), "calendar": calendar_of(request),
        "texts": await texts_for(request, query.project), "visible": await visible_to(request),
    }  # fmt: skip

    def every(connection: Connection[Any]) -> Sheet:
        found = queries.attention(connection, query.project, **known, page=ALL)
        return Sheet("Attention", _ATTENTION, _cells(found.rows, _ATTENTION), found.position)

    if query.format == "csv":
        return await export(request, query, every)
    return await show(
        request,
        query,
        lambda connection: queries.attention(connection, query.project, **known, page=query.page),
    )


def _pages(
    first: Any, following: Callable[[Any], Any], rows: Callable[[Any], Sequence[Any]]
) -> Iterator[Any]:
    """The rows of a page and of every page after it."""
    yield from rows(first)
    after = first.next_after
    while after is not None:
        page = following(after)
        yield from rows(page)
        after = page.next_after


def _cells(rows: Iterator[Any] | Sequence[Any], names: Sequence[str]) -> Iterator[list[Any]]:
    """What a spreadsheet shows of each row: a fix by its words, anything with parts of its own as JSON."""
    for row in rows:
        yield [_cell(getattr(row, name)) for name in names]


def _cell(value: Any) -> Any:
    match value:
        case answers.Fix():
            return value.label
        case dict():
            return orjson.dumps(value).decode()
        case _:
            return value
