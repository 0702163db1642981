"""A sheet of people over HTTP: what it would do, or done."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from api.access.guard import caller_of
from api.handling.registering import ANSWER, CONTENT
from api.handling.services import Services
from api.wire.problems import Problem
from api.wire.reading import read_body
from application.asked import Asked
from application.people_import import Imported, import_people
from domain.people_sheet import MOST_FAULTS


class ImportQuery(BaseModel):
    """Whether it is only to be looked at, and whether faults are to be left out and the rest done."""

    model_config = ConfigDict(extra="forbid")
    dry_run: bool = False
    partial: bool = False


def add_people_import(router: APIRouter) -> None:
    """Register the route."""
    router.add_api_route(
        "/v1/people/import",
        _import,
        methods=["POST"],
        response_model=None,
        summary="Add and change people from a sheet",
        description="The body is CSV in UTF-8 with the columns key, name, email, manager, weekly_hours, groups.",
        operation_id="post_people_import",
        tags=["People"],
        openapi_extra={ANSWER: Imported, CONTENT: "application/octet-stream"},
    )


async def _import(request: Request, query: Annotated[ImportQuery, Query()]) -> Response:
    text = as_text(await read_body(request))
    told = await imported(request, text, dry_run=query.dry_run, partial=query.partial)
    if told.faults and not told.done and not query.dry_run:
        raise refusal(told)
    return Response(orjson.dumps(asdict(told)), media_type="application/json")


def as_text(body: bytes) -> str:
    """The sheet as text; a problem where it is no UTF-8 or holds what cannot be stored."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _no_sheet(f"the sheet is not in UTF-8: byte {error.start} is none") from None
    if "\0" in text:
        raise _no_sheet("the sheet holds the character U+0000, which cannot be stored")
    return text


def _no_sheet(detail: str) -> Problem:
    return Problem("invalid", detail, errors=[{"field": "", "code": "not_csv", "detail": detail}])


async def imported(request: Request, text: str, *, dry_run: bool, partial: bool) -> Imported:
    """Done, or only planned, in the name of whoever asks."""
    services: Services = request.app.state.services
    caller = caller_of(request)
    asked = Asked(caller.actor, services.clock(), caller.grant.scopes, meta=caller.meta)
    return await import_people(services.app, text, asked, dry_run=dry_run, partial=partial)


def refusal(told: Imported) -> Problem:
    """What is wrong in the sheet, place by place; nothing of it was done."""
    errors = [
        {"field": f"line {each.line}" + (f", {each.column}" if each.column else ""), **asdict(each)}
        for each in told.faults[:MOST_FAULTS]
    ]
    more: dict[str, Any] = {"more": len(told.faults) - MOST_FAULTS} if len(told.faults) > MOST_FAULTS else {}
    return Problem("invalid", "the sheet has faults; nothing of it was done", errors=errors, **more)
