"""How the verbs of most orders are carried out: on what the address names, or under an id that is made for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from starlette.responses import Response

from api.handling.commands import Call, Handle, carry_out
from api.handling.registering import stream_id
from api.handling.verbs import On, OnKey, Verb
from api.wire.reading import validate
from application.ids import uuid7


def on_id(asked_for: Verb[On, Any]) -> Handle:
    """On the run, task, project, recurring work or view whose ``id`` stands in the address."""

    async def handle(call: Call) -> Response:
        stream, body = stream_id(call.path["id"]), validate(asked_for.body, call.body)
        return await carry_out(
            call, stream, lambda asked: asked_for.do(On(call.app, asked, stream), body), name=str(stream)
        )

    return handle


def making(asked_for: Verb[On, Any], created: Callable[[UUID, Any], str]) -> Handle:
    """Makes something new; ``created`` says from its id and the body at which address it is found."""

    async def handle(call: Call) -> Response:
        stream, body = uuid7(), validate(asked_for.body, call.body)
        return await carry_out(
            call,
            stream,
            lambda asked: asked_for.do(On(call.app, asked, stream), body),
            name=str(stream),
            created=created(stream, body),
        )

    return handle


def on_key(
    asked_for: Verb[OnKey, Any], key_of: Callable[[str], str], stream_of: Callable[[str], UUID]
) -> Handle:
    """On the process, person or group whose ``key`` stands in the address, if it can be one."""

    async def handle(call: Call) -> Response:
        key, body = key_of(call.path["key"]), validate(asked_for.body, call.body)
        return await carry_out(
            call, stream_of(key), lambda asked: asked_for.do(OnKey(call.app, asked, key), body), name=key
        )

    return handle


def making_key(
    asked_for: Verb[OnKey, Any],
    key_of: Callable[[Any], str],
    stream_of: Callable[[str], UUID],
    created: Callable[[str], str],
) -> Handle:
    """Makes somebody or something under the key that the body gives."""

    async def handle(call: Call) -> Response:
        body = validate(asked_for.body, call.body)
        key = key_of(body)
        return await carry_out(
            call,
            stream_of(key),
            lambda asked: asked_for.do(OnKey(call.app, asked, key), body),
            name=key,
            created=created(key),
        )

    return handle
