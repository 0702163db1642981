"""The forecast over HTTP: of a run, what would help it, and how good the forecasts of a process are."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.handling.answering import services_of, show
from api.handling.queries import ViewQuery
from api.handling.registering import add_view, stream_id
from api.process.commands import process_key
from domain.forecast.working_time import axis_of
from projections.answers.forecasts import ProcessForecast, RunForecast, RunLevers
from projections.forecasts import queries


def add_forecasts(router: APIRouter) -> None:
    """Register the views of the forecast."""
    add_view(
        router, "/v1/runs/{id}/forecast", run_forecast, RunForecast, "When a run will be finished", tag="Runs"
    )
    add_view(router, "/v1/runs/{id}/levers", run_levers, RunLevers, "What would help a run most", tag="Runs")
    add_view(
        router,
        "/v1/processes/{key}/forecast",
        process_forecast,
        ProcessForecast,
        "How good the forecasts of a process are, and where its runs lose time",
        tag="Processes",
    )


async def run_forecast(request: Request, id: str, query: Annotated[ViewQuery, Query()]) -> Response:  # noqa: A002 - its name in the address
    """P50, P85, the probability of meeting the target, a state and its reason, by run and by stage; never a value."""
    stream = stream_id(id)
    return await show(request, query, lambda connection: queries.run_forecast(connection, stream))


async def run_levers(request: Request, id: str, query: Annotated[ViewQuery, Query()]) -> Response:  # noqa: A002 - as above
    """At most three changes, each with the working days by which it brings the P85 forward."""
    stream = stream_id(id)
    return await show(request, query, lambda connection: queries.run_levers(connection, stream))


async def process_forecast(request: Request, key: str, query: Annotated[ViewQuery, Query()]) -> Response:
    """Hit rates of what was forecast, sample sizes, the last backtests, and the steps and stages that cost most."""
    name, services = process_key(key), services_of(request)
    year = services.clock().year
    axis = axis_of(services.calendar, year - 20, year + 15)
    return await show(request, query, lambda connection: queries.process_forecast(connection, name, axis))
