"""The page of the outbox: every mail with its state, and one of them with its texts."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.access.matrix import Rule
from api.handling.registering import stream_id
from api.machine.outbox import STATES, OutboxQuery, find_mail, find_outbox
from api.wire.problems import Problem
from api.wire.reading import validate
from web.pages.queries import ON_A_PAGE
from web.rendering.page import page

_READ = Rule(frozenset({"read"}))
RULES: dict[str, Rule] = {"GET /outbox": _READ, "GET /outbox/{run}/{step}/{round}/{action}": _READ}
"""Whoever may look; what a mail says is shown to those whom its run concerns."""


def add_outbox_pages(router: APIRouter) -> None:
    """Register the two pages."""
    router.add_api_route("/outbox", outbox, methods=["GET"], response_model=None)
    router.add_api_route("/outbox/{run}/{step}/{round}/{action}", mail, methods=["GET"], response_model=None)


async def outbox(request: Request) -> Response:
    """The newest mails, all of them or those in one state, of all runs or of one."""
    asked = {
        name: text
        for name, text in request.query_params.items()
        if name in ("state", "run", "after") and text
    }
    query = validate(OutboxQuery, {"limit": ON_A_PAGE, **asked})
    assert isinstance(query, OutboxQuery)
    found = await find_outbox(request, query)
    return page(
        request,
        "outbox.html",
        outbox=found,
        answer=found,
        states=STATES,
        chosen=query.state,
        run=query.run,
        query=query,
        kept={name: text for name, text in asked.items() if name != "after"},
        place="mails",
    )


async def mail(request: Request) -> Response:
    """One mail as its readers got it, or will get it."""
    path = request.path_params
    if not (path["round"].isascii() and path["round"].isdigit() and len(path["round"]) < 7):
        raise Problem("not_found", "there is nothing at this address")
    run = stream_id(path["run"])
    found = await find_mail(request, run, path["step"], int(path["round"]), path["action"], None)
    return page(request, "mail.html", found=found, mail=found.mail, answer=found, place="mails")
