"""The security events, for administrators and auditors: who came in, who was turned away, what changed about it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from api.access.guard import caller_of
from api.handling.answering import to_json
from api.handling.queries import After, Limit, Who
from api.handling.registering import ANSWER
from api.handling.services import Services, asked_by
from api.wire.problems import Problem
from application.accounts import security_events
from application.accounts.security_events import Kind, SecurityEvents
from application.rights.subjects import OfHouse
from projections.paging import Page

READERS = frozenset({"administrator", "auditor"})
"""Who may read them, by a role in the house."""


class SecurityEventsQuery(BaseModel):
    """Which of them."""

    model_config = ConfigDict(extra="forbid")
    actor: Who | None = Field(None, description="only what happened to this one's ways in")
    kind: Kind | None = Field(None, description="only what is of this kind")
    limit: Limit = 100
    after: After = 0


def add_security_events(router: APIRouter) -> None:
    """Register the one route."""
    router.add_api_route("/v1/security-events", listed, methods=["GET"], response_model=None, tags=["Access"],
                         summary="What happened to ways in: signing in, passwords, tokens",
                         operation_id="get_security_events", openapi_extra={ANSWER: SecurityEvents})  # fmt: skip


async def listed(request: Request, query: Annotated[SecurityEventsQuery, Query()]) -> Response:
    """Newest first. It holds addresses of people, and never a secret."""
    return to_json(await events_of(request, query), {})


async def events_of(request: Request, query: SecurityEventsQuery) -> SecurityEvents:
    """A page of them. Problem("not_allowed") for everybody but administrators and auditors."""
    services: Services = request.app.state.services
    if not READERS & await services.app.gate.relations(asked_by(services, caller_of(request)), OfHouse()):
        raise Problem("not_allowed", "this is for administrators and auditors", needs=sorted(READERS))
    page = Page(query.limit, query.after)
    return await services.read(
        lambda connection: security_events.page_of(connection, page, query.actor, query.kind)
    )
