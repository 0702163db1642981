"""What a page asks for, carried out in this process by what the HTTP interface carries it out with.

A page has read its form and knows its caller. What is asked goes by the same rule of the matrix, is checked as the body
of a request is, and gets the same answer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from fastapi import Request
from starlette.responses import Response

from api.access.guard import Caller, caller_of, must_have_right
from api.access.matrix import RULES
from api.handling.commands import Call, Handle, command_of, perform, version_of
from api.handling.failures import REFUSALS, refusal_of
from api.handling.services import Services
from api.wire.reading import MAX_BODY_BYTES, checked, too_large


@dataclass(frozen=True, slots=True)
class Order:
    """Something to ask for: the method and address under which the matrix knows it, and what carries it out."""

    address: str
    handle: Handle


@dataclass(slots=True)
class Answered:
    """What was said to it: the status that HTTP would have, and the answer or the problem."""

    status: int
    body: dict[str, Any]

    @property
    def accepted(self) -> bool:
        """Whether it was carried out (or had been before)."""
        return self.status < 300


async def carry_out(
    request: Request,
    order: Order,
    path: Mapping[str, str],
    body: Any,
    *,
    command: str = "",
    version: str = "",
) -> Answered:
    """Have an order of a page's reader carried out; ``path`` is what its address names.

    ``command`` makes a form that is sent twice one request; ``version``: what the stream has to be at.
    """
    return await answered(request, _carried_out(request, order, path, body, command, version))


async def _carried_out(
    request: Request, order: Order, path: Mapping[str, str], body: Any, command: str, version: str
) -> Response:
    caller = caller_of(request)
    must_have_right(caller, RULES[order.address])
    return await performed(request, caller, order, path, body, command, version)


async def performed(
    request: Request,
    caller: Caller,
    order: Order,
    path: Mapping[str, str],
    body: Any,
    command: str,
    version: str = "",
) -> Response:
    """Carry it out for somebody who was let in. Raises Problem and Rejected."""
    services: Services = request.app.state.services
    sent = orjson.dumps(body)
    if len(sent) > MAX_BODY_BYTES:
        raise too_large(MAX_BODY_BYTES)
    asked = f"{order.address.format_map(path)}\n".encode() + sent
    key = command_of(caller, f"page {command}", asked) if command else None
    expected = version_of(f'"{version}"') if version else None
    return await perform(order.handle, Call(services, caller, path, checked(sent), key, expected))


async def answered(request: Request, work: Awaitable[Response]) -> Answered:
    """What came of it: its answer, or why it was refused. What is no refusal goes on as it is."""
    try:
        response = await work
    except REFUSALS as refusal:
        response = refusal_of(request, refusal)
    return Answered(response.status_code, orjson.loads(response.body) if response.body else {})


async def asked_for(request: Request, address: str, work: Callable[[], Awaitable[Response]]) -> Answered:
    """As ``answered``, of a question that the matrix knows by this method and address; begun when it is allowed."""

    async def allowed() -> Response:
        must_have_right(caller_of(request), RULES[address])
        return await work()

    return await answered(request, allowed())
