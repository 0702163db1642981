"""The page that a sign-in link leads to: it says who will be signed in, and only its button uses the link up.

Programs that look through mails fetch every address in them, with GET and HEAD: those change nothing.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.access import grants as access
from api.access.guard import CALLER, Caller
from api.access.matrix import OPEN, Rule
from api.handling.services import Services
from api.signing_in.entering import wanted_before
from api.signing_in.signing_in import LONGEST_LINK, bad_link
from api.wire.destinations import own_page
from application.accounts import second_factor
from domain.passwords import LEAST, MOST
from web.rendering.page import page
from web.words.people import NAMES

RULES: dict[str, Rule] = {"GET /sign-in": OPEN}
"""The link itself is the credential."""


def add_sign_in_page(router: APIRouter) -> None:
    """Register the page; its form goes to api.signing_in.signing_in."""
    router.add_api_route("/sign-in", sign_in, methods=["GET"], response_model=None)


def title_of(services: Services) -> str | None:
    """What people call the provider of identities, where there is one."""
    return services.provider.registered.title if services.provider is not None else None


async def sign_in(request: Request) -> Response:
    """A form for name and password; with a link whom it signs in, where to, and a button. A used one says so."""
    services: Services = request.app.state.services
    wanted = own_page(request.query_params.get("next")) or own_page(wanted_before(request))
    secret = request.query_params.get("link", "")[:LONGEST_LINK]
    if not secret:
        request.scope.pop(CALLER, None)
        half_way = "code" in request.query_params and services.site.half_cookie in request.cookies
        return page(request, "sign_in.html", wanted=wanted, half_way=half_way, provider=title_of(services))
    link = await services.read(lambda connection: access.peek(connection, secret))
    if link is None:
        raise bad_link(request, services)
    has_second = (
        await services.read(lambda connection: second_factor.find(connection, link.actor)) is not None
    )
    NAMES.set(await services.directories.recently())
    caller: Caller | None = request.scope.pop(CALLER, None)
    now_as = caller.actor if caller else None
    facts: dict[str, Any] = {
        "whose": link.actor, "purpose": link.purpose, "can_set": link.actor.startswith("person:"),
        "least": LEAST, "most": MOST, "provider": title_of(services), "has_second": has_second,
    }  # fmt: skip
    return page(request, "signing_in.html", link=secret, wanted=wanted, now_as=now_as, **facts)
