"""The page that says how the runs of a process went: shares, spans of time, and the lengths of bars."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from time import monotonic

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.access.matrix import Rule
from api.handling.services import Services
from api.process.commands import process_key
from domain.forecast.working_time import axis_of
from projections import queries
from projections.answers import Insights, Spread, StepInsight
from projections.answers.forecasts import ProcessForecast
from projections.forecasts.queries import process_forecast
from web.pages.queries import ask
from web.rendering.page import page

RULES: dict[str, Rule] = {"GET /processes/{key}/insights": Rule(frozenset({"read"}))}
"""Whoever may look; the same as the HTTP interface tells of a process."""
KEPT_SECONDS = 60.0
"""Figures over all runs of a process are worked out at most once in this time; the page says as of when they are."""
_MOST_KEPT = 50
ODDITIES = {
    "skipped": "Skipped by a person", "set_aside": "Set aside, overdue for too long",
    "by_hand": "Automatic step done by hand", "out_of_order": "Done before what it waits for",
    "stage_overridden": "Stage set by hand", "due_by_hand": "Due set by hand",
}  # fmt: skip
MOST_LOOPS = 8


@dataclass(frozen=True, slots=True)
class Bar:
    """A step with its typical waiting and working, as spans and as lengths out of 100."""

    step: StepInsight
    waiting: str
    working: str
    cycle: str
    waiting_length: float
    working_length: float


def bars(insights: Insights) -> list[Bar]:
    """The steps that were completed at least once; the longest of their medians is 100 long."""
    done = [step for step in insights.steps if step.rounds]
    longest = max((_p50(step.waiting_hours) + _p50(step.working_hours) for step in done), default=0.0) or 1.0
    return [
        Bar(
            step, span(step.waiting_hours.p50), span(step.working_hours.p50), spread(step.cycle_hours),
            round(100 * _p50(step.waiting_hours) / longest, 1), round(100 * _p50(step.working_hours) / longest, 1),
        )
        for step in done
    ]  # fmt: skip


def spread(hours: Spread) -> str:
    """A median and an 85th percentile as people read them."""
    return f"{span(hours.p50)}, {span(hours.p85)}" if hours.count else "–"


def span(hours: float | None) -> str:
    """So many hours on the clock, in the unit that fits."""
    if hours is None:
        return "–"
    if hours < 1 / 60:
        return f"{hours * 3600:.0f} s"
    if hours < 1:
        return f"{hours * 60:.0f} min"
    return f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.1f} d"


def share(part: int, whole: int) -> str:
    """A part of a whole in per cent; a dash when there is no whole."""
    return f"{100 * part / whole:.0f} %" if whole else "–"


def _p50(hours: Spread) -> float:
    return hours.p50 or 0.0


@dataclass
class _Kept:
    """The figures of processes that were looked at lately."""

    made: OrderedDict[str, tuple[float, Insights]] = field(default_factory=OrderedDict)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def lately(self, key: str) -> Insights | None:
        """Those that are not older than may be."""
        at, known = self.made.get(key, (0.0, None))
        return known if monotonic() - at <= KEPT_SECONDS else None

    def keep(self, key: str, told: Insights) -> None:
        self.made[key] = monotonic(), told
        self.made.move_to_end(key)
        while len(self.made) > _MOST_KEPT:
            self.made.popitem(last=False)


def add_insight_pages(router: APIRouter) -> None:
    """Register the page."""
    router.add_api_route("/processes/{key}/insights", insights_page, methods=["GET"], response_model=None)


async def insights_page(request: Request) -> Response:
    """How runs went, and how good the forecasts are."""
    key = process_key(request.path_params["key"])
    seen = await ask(request, lambda connection: queries.process(connection, key))
    told = await _figures(request, key) if seen.versions else None
    return page(
        request, "insights.html", process=seen, insights=told, answer=told or seen,
        forecasts=await _forecasts(request, key) if told else None, bars=bars(told) if told else [],
        oddities=ODDITIES, most_loops=MOST_LOOPS, spread=spread, share=share,
    )  # fmt: skip


async def _figures(request: Request, key: str) -> Insights:
    """Those worked out within the last minute, where the address does not ask for newer ones."""
    state = request.app.state
    if not hasattr(state, "figures"):
        state.figures = _Kept()
    kept: _Kept = state.figures
    newer = "min_position" in request.query_params
    if not newer and (known := kept.lately(key)):
        return known
    async with kept.turn:  # who asks meanwhile gets what the first one worked out
        if not newer and (known := kept.lately(key)):
            return known
        told = await ask(request, lambda connection: queries.insights(connection, key))
        kept.keep(key, told)
    return told


async def _forecasts(request: Request, key: str) -> ProcessForecast:
    """How good the forecasts of the process are, and which steps cost its runs most."""
    services: Services = request.app.state.services
    year = services.clock().year
    axis = axis_of(services.calendar, year - 20, year + 15)
    return await services.read(lambda connection: process_forecast(connection, key, axis))
