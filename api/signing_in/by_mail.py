"""Letting somebody in by mail: an invitation by an administrator, and a link for whoever lost a password."""

from __future__ import annotations

from dataclasses import dataclass

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from api.access.guard import caller_of, check_first_form
from api.handling.bodies import AskReset, Invite
from api.handling.registering import ANSWER, BODY
from api.handling.services import Services
from api.signing_in.entering import place_of
from api.wire.problems import Problem
from api.wire.reading import parse_json, read_body, validate
from application.accounts import accounts, mails
from application.found import person_key
from domain.directory import must_be_here
from domain.words import Rejected


@dataclass(frozen=True, slots=True)
class MailAsked:
    """A mail is on its way, unless there is nobody to send it to, which is not told."""

    asked: bool = True


def add_by_mail(router: APIRouter) -> None:
    """Register the two routes."""
    router.add_api_route("/v1/people/{key}/invite", invite, methods=["POST"], response_model=None, tags=["Access"],
                         summary="Invite somebody by mail to set a password", operation_id="post_people_key_invite",
                         status_code=202, openapi_extra={
                             BODY: {"model": Invite, "example": {"scopes": ["read", "work"]}},
                             ANSWER: MailAsked})  # fmt: skip
    router.add_api_route("/v1/password-resets", reset, methods=["POST"], response_model=None, tags=["Access"],
                         summary="Have a link for a new password sent to you", operation_id="post_password_resets",
                         status_code=202, openapi_extra={
                             BODY: {"model": AskReset, "example": {"name": "dana"}}, ANSWER: MailAsked})  # fmt: skip


async def invite(request: Request, key: str) -> Response:
    """Somebody with a mail address gets a link by which they set a password; asked again, another one."""
    body = validate(Invite, parse_json(request, await read_body(request)))
    return await invited(request, person_key(key), body)


async def invited(request: Request, key: str, body: Invite) -> Response:
    """Have the invitation sent. Raises Problem and Rejected."""
    services: Services = request.app.state.services
    caller, actor, at = caller_of(request), f"person:{key}", services.clock()
    house = await services.directories.now()
    must_be_here(actor, house, field="key")
    beyond = sorted(set(body.scopes) - caller.grant.scopes)
    if beyond:
        raise Problem("not_allowed", f"nobody gives what they do not have: {', '.join(beyond)}", needs=beyond)
    facts = house.people.get(actor)  # type: ignore[call-overload]  # an actor that is a person is a key of people
    if facts is None or facts.email is None:
        detail = f"{actor} has no mail address; enter one first"
        raise Rejected("no_address", detail, person=actor, accepted=["change"])
    address = place_of(request).address
    await services.read(lambda connection: mails.invite(
        connection, actor, body.scopes, by=caller.actor, address=address, at=at
    ))  # fmt: skip
    return _on_its_way()


async def reset(request: Request) -> Response:
    """The answer is the same whoever is meant: nobody finds out by it who has an account."""
    services: Services = request.app.state.services
    check_first_form(request, services.site)
    body = validate(AskReset, parse_json(request, await read_body(request)))
    await ask_reset(request, body.name)
    return _on_its_way()


async def ask_reset(request: Request, name: str) -> None:
    """Have the link sent, if somebody with an account is called so; whoever asks for many is slowed down."""
    services: Services = request.app.state.services
    address, at = place_of(request).address, services.clock()
    services.throttle.count(f"reset {address or ''}")
    actor = accounts.called(name, await services.directories.now())
    await services.read(lambda connection: mails.ask_reset(connection, actor, address=address, at=at))


def _on_its_way() -> Response:
    return Response(orjson.dumps(MailAsked()), 202, {"Cache-Control": "no-store"}, "application/json")
