"""The page of a person: who they are and what is open with them; and the one of everybody's load by week."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from fastapi import APIRouter, Request
from psycopg import Connection
from starlette.responses import RedirectResponse, Response

from api.access.guard import caller_of, check_form
from api.access.matrix import Rule
from api.handling.answering import answer
from api.handling.carrying import on_key
from api.handling.form import form_of as read_form
from api.handling.orders import Answered, Order, asked_for, carry_out
from api.handling.registering import stream_id
from api.handling.seeing import visible_to
from api.handling.services import Services, asked_by
from api.people.commands import PERSON_VERBS
from api.people.handing_over import hand_over
from api.people.rights import DEPUTY_VERBS, ROLE_VERBS, order_of
from api.people.views import WorkloadQuery
from api.signing_in.granted import AccessOf, EndQuery, access_of, end_all, end_one
from api.wire.problems import Problem
from api.wire.reading import validate
from application import held_rights
from application.accounts import second_factor
from application.found import person_key
from domain.directory import called, meant, plain_name
from domain.words import Actor, Assignee, person_stream
from projections import queries
from projections.answers import Inbox, PersonView
from projections.answers.workload import Workload
from projections.paging import Page
from projections.visible import EVERYTHING
from web.forms.fields import person as typed_person
from web.forms.sending import form_of
from web.pages.queries import ON_A_PAGE, ask, asked_page
from web.rendering.errors import refused
from web.rendering.page import page, reveal
from web.words.people import NAMES

_READ = Rule(frozenset({"read"}))
_FORM = Rule(frozenset({"work", "admin"}), csrf="form")
RULES: dict[str, Rule] = {
    "GET /people": _READ,
    "GET /people/{key}": _READ,
    "POST /people/{key}/end-access": _FORM,
    "POST /people/{key}/deactivate": Rule(frozenset({"manage"}), csrf="form"),
    "POST /people/{key}/hand-over": Rule(frozenset({"manage"}), csrf="form"),
    "POST /people/{key}/{verb}": _FORM,
    "GET /inbox": _READ,
    "GET /workload": _READ,
}
"""Whoever may look; the same as the HTTP interface tells of a person and an inbox."""

_DEACTIVATE = Order(
    "POST /v1/people/{key}/deactivate",
    on_key(next(each for each in PERSON_VERBS if each.name == "deactivate"), person_key, person_stream),
)
_HAND_OVER = Order("POST /v1/people/{key}/hand-over", hand_over)
_RIGHTS = {each.name: order_of("people", each) for each in (*ROLE_VERBS["people"], *DEPUTY_VERBS)}
_OF_RIGHTS = frozenset({"role", "process", "until", "reason", "deputy"})
_PROPOSED = 20
_LONGEST_LIKE = 100


def add_people_pages(router: APIRouter) -> None:
    """Register the pages."""
    router.add_api_route("/people", options, methods=["GET"], response_model=None)
    router.add_api_route("/inbox", own_inbox, methods=["GET"], response_model=None)
    router.add_api_route("/people/{key}", person, methods=["GET"], response_model=None)
    router.add_api_route("/people/{key}/end-access", end_access, methods=["POST"], response_model=None)
    router.add_api_route("/people/{key}/deactivate", deactivated, methods=["POST"], response_model=None)
    router.add_api_route("/people/{key}/hand-over", handed_over, methods=["POST"], response_model=None)
    router.add_api_route("/people/{key}/{verb}", change_rights, methods=["POST"], response_model=None)
    router.add_api_route("/workload", workload, methods=["GET"], response_model=None)


async def options(request: Request) -> Response:
    """Who is called like what somebody is typing, for a control that proposes people."""
    services: Services = request.app.state.services
    like = plain_name(request.query_params.get("like", "")[:_LONGEST_LIKE])
    house = await services.directories.recently()
    named = ((each, name) for kind in ("person", "group") for each, name in house.named(kind))
    found = [each for each, name in named if like and (like in plain_name(name) or like in plain_name(each))]
    told = sorted((called(each, house), str(each)) for each in found[:_PROPOSED])
    body = orjson.dumps([{"text": text, "key": key} for text, key in told])
    return Response(body, media_type="application/json", headers={"Cache-Control": "no-store"})


async def person(request: Request) -> Response:
    """Somebody's name, manager, groups and open work; who left, since when and why.

    To themselves and to administrators also what they can come in with.
    """
    services: Services = request.app.state.services
    key = person_key(request.path_params["key"])
    least = request.query_params.get("min_position", "")
    wanted = int(least[:18]) if least.isascii() and least.isdigit() else None
    NAMES.set(await services.directories.recently())

    def told(connection: Connection[Any]) -> PersonView:
        return queries.person(connection, key)

    query = asked_page(request)

    own = caller_of(request).actor == f"person:{key}"
    visible = EVERYTHING if own else await visible_to(request)

    def open_work(connection: Connection[Any]) -> Inbox:
        now, calendar = services.clock(), services.calendar
        return queries.inbox(
            connection, f"person:{key}", now=now, calendar=calendar, page=query.page, visible=visible
        )

    try:
        seen = await answer(services, told, wanted)
    except queries.NotFound as missing:
        raise Problem("not_found", str(missing)) from None
    work = await services.read(open_work)
    granted = await _granted(request, Actor(f"person:{key}"))
    caller, holder = caller_of(request), Assignee(f"person:{key}")
    asked = asked_by(services, caller)
    sees_rights = await held_rights.may_see_rights(services.app, holder, asked)
    facts: dict[str, Any] = {
        "person": seen.person,
        "work": work,
        "query": query,
        "granted": granted,
        "has_second_factor": await _has_second_factor(request, f"person:{key}"),
        "invited": request.query_params.get("invited") == "1",
        "rights": await held_rights.rights_of(services.app, holder, asked) if sees_rights else None,
        "grants": caller.on_behalf is None and "admin" in caller.grant.scopes,
        "deputes": caller.on_behalf is None and (own or "admin" in caller.grant.scopes),
        "answer": seen,
        "steers": "admin" in caller_of(request).grant.scopes,
        "leaving": "deactivate" if seen.person.active else "hand-over",
    }
    return page(request, "person.html", **facts)


async def _has_second_factor(request: Request, actor: str) -> bool:
    """Told to administrators only, who can take it away."""
    services: Services = request.app.state.services
    if "admin" not in caller_of(request).grant.scopes:
        return False
    return await services.read(lambda connection: second_factor.find(connection, actor)) is not None


async def own_inbox(request: Request) -> Response:
    """All ready work of the reader, a page at a time."""
    services: Services = request.app.state.services
    query, me = asked_page(request), caller_of(request).actor

    def told(connection: Connection[Any]) -> Inbox:
        return queries.inbox(
            connection, me, now=services.clock(), calendar=services.calendar, page=query.page
        )

    work = await ask(request, told)
    return page(request, "inbox.html", work=work, query=query, answer=work)


async def _granted(request: Request, whose: Actor) -> AccessOf | None:
    """What somebody can come in with; None for a reader whom that does not concern."""
    caller = caller_of(request)
    if whose != caller.grant.actor and "admin" not in caller.grant.scopes:
        return None
    return await access_of(request, whose, Page(ON_A_PAGE))


async def end_access(request: Request) -> Response:
    """End one session, token or link of somebody, or all of them; whoever ended their own has to sign in again."""
    key = person_key(request.path_params["key"])
    async with read_form(request, max_files=0, max_fields=10) as form:
        sent = {name: str(value) for name, value in form.items()}
    csrf = reveal(sent.get("csrf", ""))
    check_form(request, csrf)
    one = sent.get("id", "")
    if one:
        which = stream_id(one)
        told = await asked_for(request, "DELETE /v1/access/{id}", lambda: end_one(request, which))
    else:
        every = EndQuery(actor=f"person:{key}")
        told = await asked_for(request, "DELETE /v1/access", lambda: end_all(request, every))
    if not told.accepted:
        return refused(request, told.status, told.body, f"/people/{key}")
    return RedirectResponse(f"/people/{key}", 303)


async def deactivated(request: Request) -> Response:
    """Somebody leaves: no more work for them, and what is open with them goes to whom the form names, if it does."""
    key, sent = await _leaving(request)
    told = await carry_out(request, _DEACTIVATE, {"key": key}, {"reason": sent.get("reason", "")})
    if told.accepted and sent.get("to", "").strip():
        return await _hand_over(request, key, sent)
    return _on_person(request, key, told)


async def handed_over(request: Request) -> Response:
    """What is open with somebody goes to somebody else."""
    return await _hand_over(request, *await _leaving(request))


async def _leaving(request: Request) -> tuple[str, dict[str, str]]:
    async with read_form(request, max_files=0, max_fields=10) as form:
        sent = {name: str(value) for name, value in form.items()}
    check_form(request, reveal(sent.get("csrf", "")))
    return person_key(request.path_params["key"]), sent


async def _hand_over(request: Request, key: str, sent: dict[str, str]) -> Response:
    services: Services = request.app.state.services
    typed = sent.get("to", "")
    to = meant(typed, await services.directories.now()) or typed
    body = {"to": to, "reason": sent.get("reason", "")}
    return _on_person(request, key, await carry_out(request, _HAND_OVER, {"key": key}, body))


def _on_person(request: Request, key: str, told: Answered) -> Response:
    if not told.accepted:
        return refused(request, told.status, told.body, f"/people/{key}")
    return RedirectResponse(f"/people/{key}?min_position={told.body.get('position', 0)}", 303)


async def change_rights(request: Request) -> Response:
    """Grant or withdraw a role of the house, name or dismiss a deputy; the page again, or why not in words."""
    services: Services = request.app.state.services
    key, order = person_key(request.path_params["key"]), _RIGHTS.get(request.path_params["verb"])
    sent = (await form_of(request)).plain
    if order is None:
        raise Problem("not_found", "there is no such form")
    house = await services.directories.now()
    NAMES.set(house)
    body = {name: text.strip() for name, text in sent.items() if name in _OF_RIGHTS and text.strip()}
    if "deputy" in body:
        body["deputy"] = typed_person(body["deputy"], house)
    if "until" in body:
        body["until"] = _end_of(body["until"], services.calendar.zone)
    told = await carry_out(request, order, {"key": key}, body, command=sent.get("command", ""))
    if not told.accepted:
        return refused(request, told.status, told.body, f"/people/{key}")
    return RedirectResponse(f"/people/{key}#rights", 303)


def _end_of(day: str, zone: ZoneInfo) -> str:
    """The end of a day in the zone of the house; what is no day stays as it is, and is refused by its reader."""
    try:
        return datetime.combine(date.fromisoformat(day) + timedelta(days=1), time(), zone).isoformat()
    except (ValueError, OverflowError):
        return day


async def workload(request: Request) -> Response:
    """Hours of work by person and week, of one project or of all, against what each can work."""
    services: Services = request.app.state.services
    query = validate(WorkloadQuery, {name: text for name, text in request.query_params.items() if text})
    NAMES.set(await services.directories.recently())

    def ask(connection: Connection[Any]) -> Workload:
        return queries.workload(
            connection, services.app.definition, services.calendar, weeks=query.weeks, project=query.project,
            now=services.clock(),
        )  # fmt: skip

    told = await answer(services, ask, query.min_position)
    return page(request, "workload.html", load=told, answer=told, project=query.project)
