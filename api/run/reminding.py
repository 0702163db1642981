"""What a reminder tells whoever sent it: who hears of it, and how."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.handling.commands import Call
from api.handling.services import Services
from api.run.sight import sight_of
from application.found import RUNS, known_run
from domain.directory import Directory
from domain.run.nudging import Told, told_by_reminder
from domain.words import Rejected, StepKey


async def with_told(call: Call, stream: UUID, step: StepKey, response: Response) -> Response:
    """The answer to a reminder with ``told``: each of them with ``how``, ``mail``, ``outbox`` or ``inbox``.

    ``outbox``: the mail is kept on this machine, because the run is a test, or no mail server is set. Addresses are for
    those who see the values of the run.
    """
    directory = await call.services.directories.now()
    told = await run_in_threadpool(_told, call, stream, step, directory)
    body = orjson.dumps({**orjson.loads(response.body), "told": told})
    headers = {name: value for name, value in response.headers.items() if name != "content-length"}
    return Response(body, response.status_code, headers)


def _told(call: Call, stream: UUID, step: StepKey, directory: Directory) -> list[dict[str, Any]]:
    services: Services = call.services
    run = known_run(services.app.load(RUNS, stream), stream)
    definition = services.app.definition(run.process, run.process_version)
    shows = sight_of(services, stream, call.caller).sees_values
    sends = services.sends_mails and not run.test
    try:
        told = told_by_reminder(run, definition, step, directory)
    except Rejected:  # it is stored already; whoever could be told a moment ago has gone since
        return []
    return [_one(one, sends, shows) for one in told]


def _one(one: Told, sends: bool, shows: bool) -> dict[str, Any]:
    how = "outbox" if one.how == "mail" and not sends else one.how
    return asdict(one) | {"how": how, "address": one.address if shows else None}
