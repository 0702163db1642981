"""Orders on steps of runs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.handling import bodies
from api.handling.commands import Call, Handle, carry_out
from api.handling.orders import Order
from api.handling.registering import add_command, stream_id
from api.handling.verbs import OnStep, Verb, verb
from api.run import decision_bodies as deciding
from api.run.contents import as_staff, told_of_changes
from api.run.reminding import with_told
from api.run.sight import sight_of
from api.wire.reading import validate
from application import steps
from domain.words import Rejected, StepKey

STEP_VERBS: tuple[Verb[OnStep, Any], ...] = (
    verb(
        "complete",
        "Complete a step",
        deciding.Complete,
        lambda on, body: steps.complete_step(
            on.app,
            on.run,
            on.step,
            on.asked,
            values=body.values,
            outcome=body.outcome,
            content_sha256=body.content_sha256,
        ),
        {"values": {"goals": "Go live in March"}, "outcome": None},
    ),
    verb(
        "complete-by-hand",
        "Complete an automatic step in place of the machine",
        bodies.CompleteByHand,
        lambda on, body: steps.complete_by_hand(
            on.app, on.run, on.step, on.asked, reason=body.reason, values=body.values
        ),
        {"reason": "The mail was sent from the office", "values": {}},
    ),
    verb(
        "start",
        "Start to work on a step",
        bodies.Nothing,
        lambda on, _: steps.start_step(on.app, on.run, on.step, on.asked),
    ),
    verb(
        "save",
        "Save values before the step is complete",
        bodies.Save,
        lambda on, body: steps.save_values(on.app, on.run, on.step, on.asked, values=body.values),
        {"values": {"plan": "pro"}},
    ),
    verb(
        "add-evidence",
        "Give a done step values that it lacks",
        bodies.AddEvidence,
        lambda on, body: steps.add_evidence(on.app, on.run, on.step, on.asked, values=body.values),
        {"values": {"plan": "pro"}},
    ),
    verb(
        "approve",
        "Approve",
        deciding.Approve,
        lambda on, body: steps.give_approval(
            on.app,
            on.run,
            on.step,
            on.asked,
            comment=body.comment,
            values=body.values,
            content_sha256=body.content_sha256,
        ),
        {"comment": "Looks right", "values": {"decision": "Cleared"}},
    ),
    verb(
        "refuse",
        "Refuse an approval",
        deciding.Refuse,
        lambda on, body: steps.refuse_approval(
            on.app,
            on.run,
            on.step,
            on.asked,
            reason=body.reason,
            values=body.values,
            content_sha256=body.content_sha256,
        ),
        {"reason": "The form is not signed"},
    ),
    verb(
        "decline",
        "Decline to sign",
        deciding.Decline,
        lambda on, body: steps.decline_signature(
            on.app, on.run, on.step, on.asked, reason=body.reason, content_sha256=body.content_sha256
        ),
        {"reason": "Other terms were agreed"},
    ),
    verb(
        "skip",
        "Skip a step",
        bodies.Reason,
        lambda on, body: steps.skip_step(on.app, on.run, on.step, on.asked, reason=body.reason),
        {"reason": "Already done by phone"},
    ),
    verb(
        "reopen",
        "Reopen a step that has ended",
        bodies.ReopenStep,
        lambda on, body: steps.reopen_step(
            on.app, on.run, on.step, on.asked, reason=body.reason, dependents=body.dependents
        ),
        {"reason": "The address changed", "dependents": "keep"},
    ),
    verb(
        "assign",
        "Assign a step",
        bodies.Assign,
        lambda on, body: steps.assign_step(
            on.app, on.run, on.step, on.asked, assignee=body.assignee, reason=body.reason
        ),
        {"assignee": "person:bo", "reason": "Dana is away"},
    ),
    verb(
        "claim",
        "Take a step of a group for yourself",
        bodies.Nothing,
        lambda on, _: steps.claim_step(on.app, on.run, on.step, on.asked),
    ),
    verb(
        "release",
        "Give a claimed step back to its group",
        bodies.MaybeReason,
        lambda on, body: steps.release_step(on.app, on.run, on.step, on.asked, reason=body.reason),
        {"reason": "I am away tomorrow"},
    ),
    verb(
        "due",
        "Set when a step is due",
        bodies.SetDueAt,
        lambda on, body: steps.set_step_due(on.app, on.run, on.step, on.asked, due_at=body.due_at),
        {"due_at": "2026-11-27T17:00:00Z"},
    ),
    verb(
        "request-help",
        "Ask for help on a step",
        bodies.RequestHelp,
        lambda on, body: steps.request_help(
            on.app,
            on.run,
            on.step,
            on.asked,
            reason=body.reason,
            waiting_on=body.waiting_on,
            until=body.until,
        ),
        {"reason": "No access to the old system", "waiting_on": "IT", "until": "2026-11-25T12:00:00Z"},
    ),
    verb(
        "clear-help",
        "Help is no longer needed",
        bodies.ClearHelp,
        lambda on, body: steps.clear_help(on.app, on.run, on.step, on.asked, note=body.note),
        {"note": "Access is there"},
    ),
    verb(
        "remind",
        "Remind whose work a step is",
        bodies.Nothing,
        lambda on, _: steps.remind(on.app, on.run, on.step, on.asked),
    ),
)


def add_step_commands(router: APIRouter) -> None:
    """Register every verb of steps; the one used most comes first."""
    for each in STEP_VERBS:
        add_command(router, ON_STEP[each.name], each, tag="Steps")


def on_step(asked_for: Verb[OnStep, Any]) -> Handle:
    """Carries out a verb on a step of a run."""

    async def handle(call: Call) -> Response:
        run, step = stream_id(call.path["id"]), StepKey(call.path["step"])
        body = validate(asked_for.body, call.body)
        try:
            done = await carry_out(
                call, run, lambda asked: asked_for.do(OnStep(call.app, asked, run, step), body), name=str(run)
            )
        except Rejected as refusal:
            raise await _with_changes(refusal, call, run, step, body) from None
        return await with_told(call, run, step, done) if asked_for.name == "remind" else done

    return handle


async def _with_changes(refusal: Rejected, call: Call, run: UUID, step: StepKey, body: BaseModel) -> Rejected:
    """A refusal, with what was seen and what is there now where somebody decided on what is no longer true."""
    seen = getattr(body, "content_sha256", None)
    if refusal.code != "content_changed" or seen is None:
        return refusal
    services, directory = call.services, await call.services.directories.recently()

    def told() -> Rejected:
        reader = as_staff(sight_of(services, run, call.caller), step, directory)
        return told_of_changes(refusal, services, run, step, seen, reader)

    return await run_in_threadpool(told)


ON_STEP = {
    each.name: Order(f"POST /v1/runs/{{id}}/steps/{{step}}/{each.name}", on_step(each)) for each in STEP_VERBS
}
