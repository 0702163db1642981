"""What people and services may do and why; granting it, taking it away, and who acts for somebody."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.access.guard import caller_of
from api.handling.answering import log_position, services_of, to_json
from api.handling.carrying import on_key
from api.handling.orders import Order
from api.handling.queries import ViewQuery
from api.handling.registering import add_command, add_view
from api.handling.services import asked_by
from api.handling.verbs import OnKey, Verb, verb
from api.people import bodies
from application import granting, held_rights
from application.found import person_key
from application.refused import Refused
from domain.words import Assignee, rights_stream

_SERVICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}")


def _granting(kind: str) -> tuple[Verb[OnKey, Any], ...]:
    """Granting roles of the house to a ``person`` or a ``service``."""
    return (
        verb(
            "grant-role",
            f"Let a {kind} do what a role of the house allows",
            bodies.GrantRole,
            lambda on, body: granting.grant_house_role(
                on.app, Assignee(f"{kind}:{on.key}"), on.asked,
                role=body.role, process=body.process, until=body.until, reason=body.reason,
            ),
            {"role": "auditor", "until": "2027-03-31T22:00:00Z", "reason": "The yearly audit"},
        ),
        verb(
            "withdraw-role",
            f"Take a role of the house from a {kind}",
            bodies.WithdrawRole,
            lambda on, body: granting.withdraw_house_role(
                on.app, Assignee(f"{kind}:{on.key}"), on.asked,
                role=body.role, process=body.process, reason=body.reason,
            ),
            {"role": "auditor", "reason": "The audit is over"},
        ),
    )  # fmt: skip


ROLE_VERBS = {"people": _granting("person"), "services": _granting("service")}
DEPUTY_VERBS: tuple[Verb[OnKey, Any], ...] = (
    verb(
        "name-deputy",
        "Let somebody act in a person's name for a time",
        bodies.NameDeputy,
        lambda on, body: granting.name_deputy(
            on.app, Assignee(f"person:{on.key}"), on.asked,
            deputy=body.deputy, until=body.until, reason=body.reason,
        ),
        {"deputy": "person:bo", "until": "2027-03-31T22:00:00Z", "reason": "Away until April"},
    ),
    verb(
        "dismiss-deputy",
        "Let somebody act in a person's name no longer",
        bodies.DismissDeputy,
        lambda on, body: granting.dismiss_deputy(
            on.app, Assignee(f"person:{on.key}"), on.asked, deputy=body.deputy, reason=body.reason
        ),
        {"deputy": "person:bo", "reason": "Back again"},
    ),
)  # fmt: skip


def service_key(text: str) -> str:
    """The key of a service in an address; what cannot be one is no service's."""
    if not _SERVICE.fullmatch(text):
        raise Refused("unknown_service", "the key of a service is letters, digits and . _ @ + -")
    return text


_KEYS = {"people": ("person", person_key), "services": ("service", service_key)}


def order_of(kind: str, asked_for: Verb[OnKey, Any]) -> Order:
    """A verb on the rights of one of the ``people`` or ``services``."""
    word, key_of = _KEYS[kind]
    handle = on_key(asked_for, key_of, lambda key: rights_stream(f"{word}:{key}"))
    return Order(f"POST /v1/{kind}/{{key}}/{asked_for.name}", handle)


def add_rights(router: APIRouter) -> None:
    """Register the verbs and both views."""
    for kind, verbs in ROLE_VERBS.items():
        for each in verbs:
            add_command(router, order_of(kind, each), each, tag="Rights")
    for each in DEPUTY_VERBS:
        add_command(router, order_of("people", each), each, tag="Rights")
    add_view(router, "/v1/people/{key}/rights", of_person, held_rights.RightsOf,
             "What somebody may do, and why", tag="Rights", refuses=(403,))  # fmt: skip
    add_view(router, "/v1/rights", of_house, held_rights.RightsOfHouse,
             "Who has which role of the house", tag="Rights", refuses=(403,))  # fmt: skip


async def of_person(request: Request, key: str, query: Annotated[ViewQuery, Query()]) -> Response:
    """Roles of the house, projects, roles in runs under way and deputies, with since when, by whom and why.

    For themselves, their manager, administrators and auditors.
    """
    services = services_of(request)
    holder = Assignee(f"person:{person_key(key)}")
    headers = await log_position(services, query)
    asked = asked_by(services, caller_of(request))
    return to_json(await held_rights.rights_of(services.app, holder, asked), headers)


async def of_house(request: Request, query: Annotated[ViewQuery, Query()]) -> Response:
    """Every role of the house that is in force, with until when, by whom and why; for administrators and auditors."""
    services = services_of(request)
    headers = await log_position(services, query)
    asked = asked_by(services, caller_of(request))
    return to_json(await held_rights.rights_of_house(services.app, asked), headers)
