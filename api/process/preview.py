"""Shows the mails of a process before any is sent: of its draft, of a version, or of a document not stored yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

import orjson
from fastapi import APIRouter
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.handling.bodies import AssigneeText, Body
from api.handling.commands import Call, endpoint
from api.handling.registering import ANSWER, BODY
from api.process.commands import process_key
from api.wire.problems import Problem
from api.wire.reading import validate
from application.found import PROCESSES, known_process
from domain.addresses import AddressBook
from domain.definition import Definition
from domain.document import Document
from domain.guests import Pass
from domain.mails import Desk, Mail, compose
from domain.notices import notice_of
from domain.run.mail_action import MailAction, authored
from domain.samples import sample_run
from domain.words import RoleKey, StepKey, process_stream

_NO_RUN = UUID(int=0)


class PreviewMail(Body):
    """Which mail of a process to show, and with which values; samples stand for fields that get none.

    ``action``: `email` (of an automatic step), `invitation`, `announcement`, `farewell`, `digest:1`, or a notice such
    as `reminder:1`, `notice:overdue`, `escalation`. ``document`` wins over ``version``; without both it is the draft.
    """

    step: StepKey | None = None
    action: str = Field("email", max_length=100)
    document: Document | None = None
    version: int | None = Field(None, ge=1, le=2_000_000_000)
    values: dict[str, Any] = Field(default_factory=dict, max_length=500)
    roles: dict[RoleKey, AssigneeText] = Field(default_factory=dict, max_length=200)


@dataclass(frozen=True, slots=True)
class PreviewedMail:
    """A mail as it would be sent."""

    to: str
    name: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class MailPreview:
    """The mails that would be sent, or ``reason``: why there are none; ``unreached``: why some get none."""

    mails: tuple[PreviewedMail, ...]
    reason: Literal["no_address"] | None
    unreached: tuple[str, ...] = ()


_EXAMPLE = {
    "step": "agreement_sent",
    "action": "email",
    "values": {"inputs.customer_name": "Nordwind", "inputs.primary_contact_email": "ada@nordwind.example"},
}


def add_preview(router: APIRouter) -> None:
    """Register the route."""
    router.add_api_route(
        "/v1/processes/{key}/preview-mail",
        endpoint(_preview),
        methods=["POST"],
        response_model=None,
        summary="Show a mail of a process without sending it",
        description=(PreviewMail.__doc__ or "").strip(),
        operation_id="post_processes_key_preview_mail",
        tags=["Processes"],
        openapi_extra={BODY: {"model": PreviewMail, "example": _EXAMPLE}, ANSWER: MailPreview},
    )


async def _preview(call: Call) -> Response:
    key = process_key(call.path["key"])
    body = validate(PreviewMail, call.body)
    definition = await run_in_threadpool(_definition, call, key, body)
    act = _action(definition, body)
    run = sample_run(definition, act.step, body.values, body.roles, call.services.clock())
    base = call.services.site.base_url
    desk = Desk(AddressBook(), base, call.services.calendar.zone, _sample_link(base))
    post = compose(_NO_RUN, run, definition, act, desk)
    reason: Literal["no_address"] | None = None if post.mails else "no_address"
    unreached = tuple(one.reason for one in post.unreached if one.named or reason)
    told = MailPreview(tuple(_told(mail) for mail in post.mails), reason, unreached)
    return Response(orjson.dumps(told), 200, {"Cache-Control": "no-store"}, "application/json")


def _definition(call: Call, key: str, body: PreviewMail) -> Definition:
    if body.document is not None:
        return Definition(key, 0, body.document)
    if body.version is not None:
        return call.services.app.definition(key, body.version)
    process = known_process(call.services.app.load(PROCESSES, process_stream(key)), key)
    if process.draft is not None:
        return Definition.load(key, 0, process.draft)
    return call.services.app.definition(key, process.version)


def _action(definition: Definition, body: PreviewMail) -> MailAction:
    """The action that would send it; a problem when the process has no such mail."""
    step = body.step
    if step is not None and step not in definition.steps:
        raise Problem("unknown_step", f"this process has no step {step}")
    known = definition.steps[step] if step is not None else None
    facts: Mapping[str, Any] = {
        "roles": [known.role] if known is not None and known.role is not None else [],
        "by": "person:somebody",
        "text": "[what they wrote]",
    }
    act = MailAction(body.action, step, 1, facts)
    digest = body.action.startswith("digest:") and definition.document.digest is not None
    if not digest and authored(definition, act) is None and notice_of(body.action) is None:
        having = [
            key for key, each in definition.steps.items() if authored(definition, MailAction("email", key))
        ]
        raise Problem("no_mail", f"nothing is sent for {body.action} of {step}", accepted=having)
    return act


def _sample_link(base_url: str) -> Any:
    def link(_run: UUID, held: Pass) -> str:
        return f"{base_url}/guest/sample-link-to-{held.step}"

    return link


def _told(mail: Mail) -> PreviewedMail:
    return PreviewedMail(mail.to.address, mail.to.name, mail.subject, mail.body)
