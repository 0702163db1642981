"""/health: whether this process lives, and whether the whole is fit to work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from api.access.guard import CALLER
from api.handling.registering import ANSWER
from api.handling.services import Services


@dataclass(frozen=True, slots=True)
class Live:
    """It lives: what does not, does not answer."""

    live: bool


@dataclass(frozen=True, slots=True)
class Ready:
    """How the whole is, and why; for whoever is signed in, with the facts behind it."""

    state: Literal["healthy", "degraded", "unhealthy"]
    reasons: list[str]


def add_health(router: APIRouter) -> None:
    """Register both."""
    router.add_api_route("/health/live", live, methods=["GET"], response_model=None, tags=["Health"],
                         summary="Does this process live?", operation_id="get_health_live",
                         openapi_extra={ANSWER: Live})  # fmt: skip
    router.add_api_route("/health/ready", ready, methods=["GET"], response_model=None, tags=["Health"],
                         summary="Is everything fit to work?", operation_id="get_health_ready",
                         openapi_extra={ANSWER: Ready})  # fmt: skip


async def live() -> Response:
    """200 as long as this process answers at all; asks nobody else."""
    return Response(b'{"live":true}', media_type="application/json", headers={"Cache-Control": "no-store"})


async def ready(request: Request) -> Response:
    """200 when commands are accepted and the read models keep up (or are only a little late), 503 otherwise.

    Whoever is signed in is also told the facts behind it, those of `milepost doctor`.
    """
    services: Services = request.app.state.services
    health = await services.health()
    status = 503 if health["state"] == "unhealthy" or services.stopping.is_set() else 200
    told = health if request.scope.get(CALLER) else {name: health[name] for name in ("state", "reasons")}
    body = orjson.dumps(told, default=str)
    return Response(body, status, {"Cache-Control": "no-store"}, "application/json")
