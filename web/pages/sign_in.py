"""The page that a sign-in link leads to: it says who will be signed in, and only its button uses the link up.

Programs that look through mails fetch every address in them, with GET and HEAD: those change nothing.
"""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.access import grants as access
from api.access.guard import CALLER, Caller
from api.access.matrix import OPEN, Rule
from api.handling.services import Services
from api.signing_in.sessions import wanted_before
from api.wire.destinations import own_page
from api.wire.problems import Problem
from web.rendering.page import page
from web.words.people import NAMES

RULES: dict[str, Rule] = {"GET /sign-in": OPEN}
"""The link itself is the credential."""

_LONGEST_LINK = 200


def add_sign_in_page(router: APIRouter) -> None:
    """Register the page; its form goes to api.sessions."""
    router.add_api_route("/sign-in", sign_in, methods=["GET"], response_model=None)


async def sign_in(request: Request) -> Response:
    """Whom the link signs in, where to, and a button; a link that is used up says so."""
    services: Services = request.app.state.services
    link = request.query_params.get("link", "")[:_LONGEST_LINK]
    whose = await services.read(lambda connection: access.peek(connection, link))
    if whose is None:
        services.throttle.count(f"bad {request.client.host if request.client else ''}")
        raise Problem("bad_link", "the link is unknown, has expired or was used already")
    NAMES.set(await services.directories.recently())
    caller: Caller | None = request.scope.pop(CALLER, None)
    wanted = own_page(request.query_params.get("next")) or own_page(wanted_before(request))
    now_as = caller.actor if caller else None
    return page(request, "signing_in.html", link=link, whose=whose, wanted=wanted, now_as=now_as)
