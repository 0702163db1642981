"""Puts the HTTP interface together: routes, guard, problem documents, life."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from copy import copy
from functools import cache, partial

from fastapi import APIRouter, FastAPI
from starlette.routing import BaseRoute

from api.access.guard import guard_routes
from api.access.matrix import RULES, Rule
from api.board.calendar_links import add_calendar_links
from api.board.forecasts import add_forecasts
from api.board.lists import add_lists
from api.board.overviews import add_overviews
from api.board.project_commands import add_project_commands
from api.board.project_views import add_project_views
from api.board.saved_views import add_saved_views
from api.board.search import add_search
from api.board.task_commands import add_task_commands
from api.board.task_views import add_task_views
from api.feeds.feeds import add_feeds
from api.feeds.health import add_health
from api.feeds.paged import add_paged
from api.handling.failures import install
from api.handling.seeing import must_see
from api.handling.services import Services
from api.machine.automation import add_automation
from api.machine.outbox import add_outbox
from api.machine.recurrences import add_recurrences
from api.openapi import add_openapi
from api.people.commands import add_people_commands
from api.people.importing import add_people_import
from api.people.rights import add_rights
from api.people.views import add_people_views
from api.process.commands import add_process_commands
from api.process.migrations import add_migrations
from api.process.preview import add_preview
from api.process.views import add_process_views
from api.run.commands import add_run_commands
from api.run.content_views import add_contents
from api.run.files import add_files
from api.run.guest_seen import add_guests_seen
from api.run.guests import add_guests
from api.run.mail_decisions import add_mail_decisions
from api.run.step_commands import add_step_commands
from api.run.views import add_run_views
from api.scim.routes import add_scim
from api.signing_in.by_mail import add_by_mail
from api.signing_in.granted import add_granted
from api.signing_in.own_password import add_own_password
from api.signing_in.own_second_factor import add_own_second_factor
from api.signing_in.security_events import add_security_events
from api.signing_in.sessions import add_sessions
from api.signing_in.signing_in import add_signing_in
from api.wire.heads import Heads


def create_app(
    services: Services, extra_routers: Sequence[APIRouter] = (), extra_rules: Mapping[str, Rule] | None = None
) -> FastAPI:
    """The application of one process. Every route of ``extra_routers`` needs a row in ``extra_rules``."""
    app = FastAPI(
        title="Milepost",
        version="1",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_life,
    )
    app.state.services = services
    extra = [route for router in extra_routers for route in router.routes]
    routes = [copy(route) for route in (*_routes(), *extra)]
    guard_routes(
        routes, {**RULES, **(extra_rules or {})}, services.leases, services.site, services.callers,
        partial(must_see, services),
    )  # fmt: skip
    app.router.routes[:] = routes
    install(app)
    app.add_middleware(Heads)
    return app


ADDED: tuple[Callable[[APIRouter], None], ...] = (
    add_step_commands,
    add_run_commands,
    add_task_commands,
    add_project_commands,
    add_process_commands,
    add_people_commands,
    add_people_import,
    add_scim,
    add_migrations,
    add_paged,
    add_run_views,
    add_overviews,
    add_process_views,
    add_contents,
    add_people_views,
    add_rights,
    add_project_views,
    add_feeds,
    add_files,
    add_lists,
    add_calendar_links,
    add_saved_views,
    add_search,
    add_forecasts,
    add_task_views,
    add_recurrences,
    add_automation,
    add_guests,
    add_guests_seen,
    add_mail_decisions,
    add_preview,
    add_outbox,
    add_sessions,
    add_signing_in,
    add_own_password,
    add_own_second_factor,
    add_by_mail,
    add_security_events,
    add_granted,
    add_health,
    add_openapi,
)
"""What each module adds to the interface."""


@cache
def _routes() -> tuple[BaseRoute, ...]:
    """Made once in a process: each application puts copies behind its own guards."""
    return tuple(api_router().routes)


def api_router() -> APIRouter:
    """Every route of the HTTP interface itself, the most used ones first."""
    router = APIRouter()
    for add in ADDED:
        add(router)
    return router


@asynccontextmanager
async def _life(app: FastAPI) -> AsyncIterator[None]:
    services: Services = app.state.services
    following = asyncio.create_task(services.hub.run())
    try:
        yield
    finally:
        services.stopping.set()
        await following
