"""Commands on processes: write the draft, publish, retire, take up an older version again."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import TypeAdapter, ValidationError
from starlette.responses import Response

from api.handling import bodies
from api.handling.commands import Call, Handle, carry_out
from api.handling.orders import Order
from api.handling.registering import add_command
from api.handling.verbs import OnKey, Verb, verb
from api.process.publishing import with_warnings
from api.wire.problems import Problem
from api.wire.reading import validate
from application import processes
from domain.document import Document
from domain.document_part import Key
from domain.words import process_stream

_KEY: TypeAdapter[str] = TypeAdapter(Key)
_STEP = {"key": "contract", "title": "Sign the contract", "role": "seller"}
_EXAMPLE = {
    "key": "onboarding",
    "title": "Onboarding",
    "roles": [{"key": "seller", "title": "Seller"}],
    "stages": [{"key": "start", "title": "Start", "steps": [_STEP]}],
}

DRAFT: Verb[OnKey, Any] = verb(
    "draft",
    "Write the draft of a process",
    Document,
    lambda on, document: processes.save_draft(on.app, document, on.asked),
    _EXAMPLE,
)
PUBLISH: Verb[OnKey, Any] = verb(
    "publish",
    "Publish the draft as the next version",
    bodies.Publish,
    lambda on, body: processes.publish(on.app, on.key, on.asked, note=body.note),
    {"note": "First version"},
)
RETIRE: Verb[OnKey, Any] = verb(
    "retire",
    "Take no new runs",
    bodies.Reason,
    lambda on, body: processes.retire(on.app, on.key, on.asked, reason=body.reason),
    {"reason": "Replaced by onboarding_2"},
)
RESTORE: Verb[OnKey, Any] = verb(
    "restore",
    "Make an older version the draft again",
    bodies.Restore,
    lambda on, body: processes.restore(on.app, on.key, on.asked, version=body.version),
    {"version": 1},
)


def add_process_commands(router: APIRouter) -> None:
    """Register every verb of processes."""
    add_command(router, DRAFTING, DRAFT, tag="Processes")
    for each in (PUBLISH, RETIRE, RESTORE):
        add_command(router, ON_PROCESS[each.name], each, tag="Processes")


def on_process(asked_for: Verb[OnKey, Any]) -> Handle:
    """Carries out a verb on a process."""

    async def handle(call: Call) -> Response:
        key = process_key(call.path["key"])
        body = validate(asked_for.body, call.body)
        if isinstance(body, Document) and body.key != key:
            raise Problem("invalid", f"the document is of the process {body.key}, the address of {key}", errors=[
                {"field": "key", "code": "other_key", "detail": f"must be {key}"}])  # fmt: skip
        done = await carry_out(
            call,
            process_stream(key),
            lambda asked: asked_for.do(OnKey(call.app, asked, key), body),
            name=key,
        )
        return await with_warnings(call.services, key, done) if asked_for is PUBLISH else done

    return handle


def process_key(text: str) -> str:
    """The key in an address; what cannot be a key is no process."""
    try:
        return _KEY.validate_python(text)
    except ValidationError:
        raise Problem(
            "unknown_process", "the key of a process is lower-case letters, digits and underscores"
        ) from None


DRAFTING = Order("PUT /v1/processes/{key}/draft", on_process(DRAFT))
ON_PROCESS = {
    each.name: Order(f"POST /v1/processes/{{key}}/{each.name}", on_process(each))
    for each in (PUBLISH, RETIRE, RESTORE)
}
