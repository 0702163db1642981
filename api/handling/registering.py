"""Puts commands and views on a router, with what the OpenAPI document says of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.handling.commands import endpoint
from api.handling.orders import Order
from api.handling.verbs import Described
from api.wire.conditional import Tagged
from api.wire.problems import Problem

BODY = "x-milepost-body"
"""Marks a command's body in a route until the OpenAPI document is put together (api.openapi)."""

ANSWER = "x-milepost-answer"
"""Marks the type of a view's answer in a route, likewise."""

MEDIA = "x-milepost-media"
"""Marks media types other than JSON in which a route answers, likewise."""

CONTENT = "x-milepost-content"
"""Marks the media type of a body that is taken as it is, likewise."""

VIEW = "x-milepost-view"
"""Marks a route whose answer has a tag, and is not sent again to whoever has it, likewise."""

REFUSES = "x-milepost-refuses"
"""Marks the statuses of refusals that no other view has, likewise."""

KEYED = "x-milepost-keyed"
"""Marks a route that goes by Idempotency-Key and If-Match, likewise."""

Show = Callable[..., Awaitable[Response]]


def add_command(
    router: APIRouter,
    order: Order,
    verb: Described,
    *,
    tag: str,
    answer: type[Any] | None = None,
    status: int | None = None,
) -> None:
    """One route that changes something; ``answer`` is what it tells, when that is more than which events it stored."""
    method, _, path = order.address.partition(" ")
    words = (part.strip("{}").replace("-", "_") for part in path.split("/")[2:])
    router.add_api_route(
        path,
        endpoint(order.handle),
        methods=[method],
        response_model=None,
        status_code=status,
        summary=verb.summary,
        description=(verb.body.__doc__ or "").strip(),
        operation_id="_".join([method.lower(), *words]),
        tags=[tag],
        openapi_extra={
            BODY: {"model": verb.body, "example": dict(verb.example)},
            KEYED: True,
            **({} if answer is None else {ANSWER: answer}),
        },
    )


def add_view(
    router: APIRouter,
    path: str,
    show: Show,
    answer: type[Any],
    summary: str,
    *,
    tag: str,
    refuses: tuple[int, ...] = (),
) -> None:
    """One route that only looks; ``answer`` is what it tells, and ``refuses`` which statuses it has of its own."""

    @wraps(show)
    async def shown(request: Request, **asked: Any) -> Response:
        told = await show(request, **asked)
        return told.asked_by(request) if isinstance(told, Tagged) else told

    words = (part.strip("{}") for part in path.split("/")[2:])
    router.add_api_route(
        path,
        shown,
        methods=["GET"],
        response_model=None,
        summary=summary,
        operation_id="_".join(["get", *words]),
        tags=[tag],
        openapi_extra={ANSWER: answer, VIEW: True, REFUSES: refuses},
    )


def stream_id(text: str) -> UUID:
    """The id in an address; a problem when it is no UUID."""
    try:
        return UUID(text)
    except ValueError:
        detail = "must be a UUID, such as 01938c2e-7a31-7c11-b1b9-0d6c2f6a9e55"
        errors = [{"field": "id", "code": "uuid_parsing", "detail": detail}]
        raise Problem("invalid", f"id {detail}", errors=errors) from None
