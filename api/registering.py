"""Puts commands and views on a router, with what the OpenAPI document says of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from api.commands import Call, endpoint
from api.problems import Problem
from api.verbs import Verb

Handle = Callable[[Call], Awaitable[Response]]

BODY = "x-milepost-body"
"""Marks a command's body in a route until the OpenAPI document is put together (api.openapi)."""

ANSWER = "x-milepost-answer"
"""Marks the type of a view's answer in a route, likewise."""

Show = Callable[..., Awaitable[Response]]


def add_command(
    router: APIRouter,
    method: str,
    path: str,
    verb: Verb,
    handle: Handle,
    *,
    tag: str,
    answer: type[Any] | None = None,
) -> None:
    """One route that changes something; ``answer`` is what it tells, when that is more than which events it stored."""
    words = (part.strip("{}").replace("-", "_") for part in path.split("/")[2:])
    router.add_api_route(
        path,
        endpoint(handle),
        methods=[method],
        response_model=None,
        summary=verb.summary,
        description=(verb.body.__doc__ or "").strip(),
        operation_id="_".join([method.lower(), *words]),
        tags=[tag],
        openapi_extra={
            BODY: {"model": verb.body, "example": dict(verb.example)},
            **({} if answer is None else {ANSWER: answer}),
        },
    )


def add_view(router: APIRouter, path: str, show: Show, answer: type[Any], summary: str, *, tag: str) -> None:
    """One route that only looks; ``answer`` is what it tells, for the OpenAPI document."""
    words = (part.strip("{}") for part in path.split("/")[2:])
    router.add_api_route(
        path,
        show,
        methods=["GET"],
        response_model=None,
        summary=summary,
        operation_id="_".join(["get", *words]),
        tags=[tag],
        openapi_extra={ANSWER: answer},
    )


def stream_id(text: str) -> UUID:
    """The id in an address; a problem when it is no UUID."""
    try:
        return UUID(text)
    except ValueError:
        detail = "must be a UUID, such as 01938c2e-7a31-7c11-b1b9-0d6c2f6a9e55"
        errors = [{"field": "id", "code": "uuid_parsing", "detail": detail}]
        raise Problem("invalid", f"id {detail}", errors=errors) from None
