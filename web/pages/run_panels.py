"""What stands on a run's page beside its steps: the forecast, and what the machine asks people to decide."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from fastapi import Request
from psycopg import Connection
from starlette.concurrency import run_in_threadpool

from api.handling.services import Services
from application.guest_links import Asking, unconfirmed
from projections.answers.forecasts import LeverAnswer, RunForecast
from projections.forecasts.queries import run_forecast, run_levers
from projections.machine.action_queries import IncidentRow, incidents
from projections.visible import EVERYTHING

PROBLEMS = {
    "failed": "It failed, and is not tried again by itself.",
    "uncertain": "It stopped in the middle: nobody knows whether it had its effect.",
    "not_allowed": "It would call an address that is not allowed.",
    "bad_document": "The process says something that cannot be done.",
    "child_cancelled": "The run that it waits for was called off.",
    "no_address": "Not sent: there is nobody it could go to.",
    "guest_address": "A guest has another mail address. Nothing goes there before you confirm it.",
}


@dataclass(frozen=True, slots=True)
class Beside:
    """The newest forecast of a run, its open incidents, and what would bring its end forward most."""

    forecast: RunForecast
    incidents: tuple[IncidentRow, ...]
    levers: tuple[LeverAnswer, ...] = ()
    addresses: Mapping[UUID, Asking] = field(default_factory=dict)
    """By incident: the new address of a guest that waits to be confirmed."""


async def beside(request: Request, run: UUID, sees: Callable[[str | None], bool]) -> Beside:
    """``sees``: whether the reader sees what other services answered at a step (None: about the run)."""
    services: Services = request.app.state.services
    found = await services.read(lambda connection: _beside(connection, run, sees))
    if not sees(None) or all(row.problem != "guest_address" for row in found.incidents):
        return found
    return replace(found, addresses=await run_in_threadpool(unconfirmed, services.app, run))


def _beside(connection: Connection[Any], run: UUID, sees: Callable[[str | None], bool]) -> Beside:
    found = incidents(connection, run, visible=EVERYTHING).rows
    shown = tuple(row if sees(row.step) else replace(row, reason="") for row in found)
    return Beside(run_forecast(connection, run), shown, run_levers(connection, run).levers)
