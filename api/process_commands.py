"""Commands on processes: write the draft, publish, retire, take up an older version again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from fastapi import APIRouter
from pydantic import TypeAdapter, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api import bodies
from api.commands import Call, carry_out
from api.problems import Problem
from api.publishing import with_warnings
from api.reading import validate
from api.registering import Handle, add_command
from api.streams import PROCESSES, known_process
from api.verbs import Given, Verb
from domain import process as processes
from domain.definition import Definition
from domain.document import Document
from domain.document_part import Key
from domain.events import Event
from domain.process import Process
from domain.words import Actor, process_stream

_KEY: TypeAdapter[str] = TypeAdapter(Key)
_STEP = {"key": "contract", "title": "Sign the contract", "role": "seller"}
_EXAMPLE = {
    "key": "onboarding",
    "title": "Onboarding",
    "roles": [{"key": "seller", "title": "Seller"}],
    "stages": [{"key": "start", "title": "Start", "steps": [_STEP]}],
}

DRAFT = Verb(
    "draft",
    "Write the draft of a process",
    Document,
    lambda process, document, *, by, at: processes.save_draft(process, document, by=by, at=at),
    _EXAMPLE,
    whole="document",
)
PUBLISH = Verb(
    "publish",
    "Publish the draft as the next version",
    bodies.Publish,
    processes.publish,
    {"note": "First version"},
)
RETIRE = Verb(
    "retire", "Take no new runs", bodies.Reason, processes.retire, {"reason": "Replaced by onboarding_2"}
)


def _take_up(
    process: Process, version: int, definition: Definition, *, by: Actor, at: datetime
) -> Sequence[Event]:
    return processes.save_draft(process, definition.document, restored_from=version, by=by, at=at)


RESTORE = Verb("restore", "Make an older version the draft again", bodies.Restore, _take_up, {"version": 1})


def add_process_commands(router: APIRouter) -> None:
    """Register every verb of processes."""
    add_command(
        router, "PUT", "/v1/processes/{key}/draft", DRAFT, _on_process(DRAFT, creates=True), tag="Processes"
    )
    for verb in (PUBLISH, RETIRE, RESTORE):
        add_command(
            router, "POST", f"/v1/processes/{{key}}/{verb.name}", verb, _on_process(verb), tag="Processes"
        )


def _on_process(verb: Verb, *, creates: bool = False) -> Handle:
    async def handle(call: Call) -> Response:
        key = process_key(call.request.path_params["key"])
        body = validate(verb.body, call.body)
        if isinstance(body, Document) and body.key != key:
            raise Problem("invalid", f"the document is of the process {body.key}, the address of {key}", errors=[
                {"field": "key", "code": "other_key", "detail": f"must be {key}"}])  # fmt: skip
        stream = process_stream(key)
        given = Given(call.caller.actor, call.services.clock(), call.services.calendar, stream)
        if isinstance(body, bodies.Restore):
            version = await run_in_threadpool(call.services.app.definition, key, body.version)
            given = replace(given, definition=version)

        def decide(process: Process | None) -> Sequence[Event]:
            return verb.decide(process if creates else known_process(process, key), body, given)

        meta = {**call.caller.meta, "process": key}
        response = await carry_out(call, PROCESSES, stream, decide, name=key, meta=meta)
        return await with_warnings(call.services, key, response) if verb is PUBLISH else response

    return handle


def process_key(text: str) -> str:
    """The key in an address; what cannot be a key is no process."""
    try:
        return _KEY.validate_python(text)
    except ValidationError:
        raise Problem(
            "unknown_process", "the key of a process is lower-case letters, digits and underscores"
        ) from None
