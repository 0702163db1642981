"""What the framework's own reading of a request costs, in microseconds of one core: declared parameters beside ours.

Two applications in one process answer the same request without a socket: one declares its path, body and dependencies
to FastAPI and answers by a response model; one takes the request and reads it as our commands do (bounded, strict,
checked). Neither does anything with it. They take turns; each figure is the median of the rounds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from statistics import median
from time import process_time_ns
from typing import Annotated, Any
from uuid import UUID, uuid4

import orjson
from fastapi import Depends, FastAPI, Header, Request
from pydantic import BaseModel
from starlette.responses import Response

from api.handling.registering import stream_id
from api.run.decision_bodies import Complete
from api.wire.reading import parse_json, read_body, validate

REQUESTS = 2_000
ROUNDS = 7
_BODY = orjson.dumps({"values": {"goals": "Go live in March"}, "outcome": None})


class Told(BaseModel):
    """What a command answers."""

    id: UUID
    version: int
    position: int
    events: list[str]


def run(scale: float) -> dict[str, float]:
    """Microseconds a request, and what the declared one costs more."""
    count = max(20, round(REQUESTS * scale))
    rounds = [(_measured(_declared(), count), _measured(_by_hand(), count)) for _ in range(ROUNDS)]
    declared, by_hand = (median(column) for column in zip(*rounds, strict=True))
    return {
        "declared_us": declared,
        "by_hand_us": by_hand,
        "more_us": median(a - b for a, b in rounds),
        "ratio": median(a / b for a, b in rounds),
    }


async def _key(idempotency_key: Annotated[str | None, Header()] = None) -> str | None:
    return idempotency_key


async def _version(if_match: Annotated[str | None, Header()] = None) -> str | None:
    return if_match


def _declared() -> FastAPI:
    app = FastAPI()

    async def complete(
        run: UUID,
        step: str,  # noqa: ARG001 - declared, as a route's own would be
        body: Complete,  # noqa: ARG001
        key: Annotated[str | None, Depends(_key)],  # noqa: ARG001
        version: Annotated[str | None, Depends(_version)],  # noqa: ARG001
    ) -> Told:
        return Told(id=run, version=12, position=34, events=["step_completed"])

    app.add_api_route("/v1/runs/{run}/steps/{step}/complete", complete, methods=["POST"])
    return app


def _by_hand() -> FastAPI:
    app = FastAPI()

    async def complete(request: Request) -> Response:
        headers = request.headers
        headers.get("idempotency-key"), headers.get("if-match")
        body = parse_json(request, await read_body(request))
        run = stream_id(request.path_params["run"])
        validate(Complete, body)
        told = {"id": run, "version": 12, "position": 34, "events": ["step_completed"]}
        return Response(orjson.dumps(told), media_type="application/json")

    app.add_api_route("/v1/runs/{run}/steps/{step}/complete", complete, methods=["POST"], response_model=None)
    return app


def _measured(app: FastAPI, count: int) -> float:
    return asyncio.run(_asked(app, count))


async def _asked(app: Callable[..., Any], count: int) -> float:
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": f"/v1/runs/{uuid4()}/steps/kickoff/complete", "raw_path": b"", "root_path": "", "query_string": b"",
        "headers": [(b"content-type", b"application/json"), (b"content-length", str(len(_BODY)).encode())],
        "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 1),
    }  # fmt: skip
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": _BODY, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    began = process_time_ns()
    for _ in range(count):
        await app({**scope, "state": {}}, receive, send)
    spent = process_time_ns() - began
    assert statuses == [200] * count
    return spent / count / 1_000
