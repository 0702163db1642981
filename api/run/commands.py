"""Commands on runs and their steps."""

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
from api.handling.placed import place_of
from api.handling.registering import add_command, stream_id
from api.handling.verbs import On, OnStep, Verb, verb
from api.run import decision_bodies as deciding
from api.run.contents import as_staff, told_of_changes
from api.run.reminding import with_told
from api.run.sight import sight_of
from api.wire.reading import validate
from application import runs, steps
from application.ids import uuid7
from application.runs import NewRun
from domain.words import Rejected, StepKey

START: Verb[On, Any] = verb(
    "start",
    "Start a run of a process",
    bodies.StartRun,
    lambda on, body: runs.start_run(on.app, on.id, new_run(body), on.asked),
    {"process": "customer_onboarding", "name": "Acme Ltd", "roles": {"account_manager": "person:dana"}},
)

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

RUN_VERBS: tuple[Verb[On, Any], ...] = (
    verb(
        "pause",
        "Pause a run: work and due clocks stop",
        bodies.Reason,
        lambda on, body: runs.pause_run(on.app, on.id, on.asked, reason=body.reason),
        {"reason": "Customer's holidays"},
    ),
    verb(
        "resume",
        "Let a paused run go on",
        bodies.Nothing,
        lambda on, _: runs.resume_run(on.app, on.id, on.asked),
    ),
    verb(
        "cancel",
        "Call a run off",
        bodies.Reason,
        lambda on, body: runs.cancel_run(on.app, on.id, on.asked, reason=body.reason),
        {"reason": "The offer was withdrawn"},
    ),
    verb(
        "priority",
        "Set a run's priority",
        bodies.SetPriority,
        lambda on, body: runs.set_priority(on.app, on.id, on.asked, priority=body.priority),
        {"priority": "high"},
    ),
    verb(
        "target",
        "Set when a run is to be finished",
        bodies.SetTarget,
        lambda on, body: runs.set_target(
            on.app, on.id, on.asked, target_at=body.target_at, reason=body.reason
        ),
        {"target_at": "2026-12-18T16:00:00Z"},
    ),
    verb(
        "inputs",
        "Change inputs of a run",
        bodies.ChangeInputs,
        lambda on, body: runs.change_inputs(on.app, on.id, on.asked, inputs=body.inputs),
        {"inputs": {"plan": "enterprise"}},
    ),
    verb(
        "link",
        "Show a run on a project's board",
        bodies.Link,
        lambda on, body: runs.link_run(on.app, on.id, on.asked, project=body.project),
        {"project": None},
    ),
    verb(
        "rank",
        "Move a run's card within its column",
        bodies.Place,
        lambda on, body: runs.rank_run(on.app, on.id, on.asked, where=place_of(body)),
        {"after": "a0", "before": "a1"},
    ),
    verb(
        "move",
        "Move a run's card",
        bodies.MoveRun,
        lambda on, body: runs.move_run(on.app, on.id, on.asked, stage=body.stage, where=place_of(body)),
        {"stage": "training", "after": "a0", "before": None},
    ),
    verb(
        "override-stage",
        "Show a run in another stage than its steps give",
        bodies.OverrideStage,
        lambda on, body: runs.override_stage(on.app, on.id, on.asked, stage=body.stage, reason=body.reason),
        {"stage": "training", "reason": "Started early"},
    ),
    verb(
        "clear-stage-override",
        "Show a run in the stage its steps give",
        bodies.Nothing,
        lambda on, _: runs.clear_stage_override(on.app, on.id, on.asked),
    ),
    verb(
        "comment",
        "Write about a run or one of its steps",
        bodies.CommentRun,
        lambda on, body: runs.comment(
            on.app, on.id, on.asked, text=body.text, mentions=body.mentions, step=body.step
        ),
        {"text": "Waiting for the contract"},
    ),
    verb(
        "attach",
        "Show an uploaded file beside a run or one of its steps",
        bodies.AttachFile,
        lambda on, body: runs.attach_file(
            on.app,
            on.id,
            on.asked,
            name=body.name,
            media_type=body.media_type,
            size_bytes=body.size_bytes,
            sha256=body.sha256,
            step=body.step,
        ),
        {
            "name": "offer.pdf",
            "media_type": "application/pdf",
            "size_bytes": 48213,
            "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        },
    ),
    verb(
        "detach",
        "Show an attached file no longer",
        bodies.DetachFile,
        lambda on, body: runs.detach_file(
            on.app, on.id, on.asked, attachment=body.attachment, reason=body.reason
        ),
        {"attachment": "01938c2e-7a31-7c11-b1b9-0d6c2f6a9e55", "reason": "The wrong file"},
    ),
    verb(
        "assign-role",
        "Say who fills a role for the rest of a run",
        bodies.AssignRole,
        lambda on, body: runs.assign_role(
            on.app, on.id, on.asked, role=body.role, assignee=body.assignee, reason=body.reason
        ),
        {"role": "trainer", "assignee": "person:bo", "reason": None},
    ),
)


def add_run_commands(router: APIRouter) -> None:
    """Register every verb of runs and steps; the one used most comes first."""
    for of_step in STEP_VERBS:
        add_command(router, ON_STEP[of_step.name], of_step, tag="Steps")
    add_command(router, STARTING, START, tag="Runs")
    for each in RUN_VERBS:
        add_command(router, ON_RUN[each.name], each, tag="Runs")


def new_run(body: bodies.StartRun) -> NewRun:
    """What a run is to be started with."""
    return NewRun(
        process=body.process,
        process_version=body.process_version,
        draft=body.draft,
        name=body.name,
        inputs=body.inputs,
        roles=body.roles,
        project=body.project,
        priority=body.priority,
        target_at=body.target_at,
        subject=body.subject,
        test=body.test,
    )


async def start(call: Call) -> Response:
    """Start a run."""
    body, run = validate(bodies.StartRun, call.body), uuid7()
    return await carry_out(
        call,
        run,
        lambda asked: START.do(On(call.app, asked, run), body),
        name=str(run),
        created=f"/v1/runs/{run}",
    )


def on_run(asked_for: Verb[On, Any]) -> Handle:
    """Carries out a verb on a run."""

    async def handle(call: Call) -> Response:
        run, body = stream_id(call.path["id"]), validate(asked_for.body, call.body)
        return await carry_out(
            call, run, lambda asked: asked_for.do(On(call.app, asked, run), body), name=str(run)
        )

    return handle


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


STARTING = Order("POST /v1/runs", start)
ON_RUN = {each.name: Order(f"POST /v1/runs/{{id}}/{each.name}", on_run(each)) for each in RUN_VERBS}
ON_STEP = {
    each.name: Order(f"POST /v1/runs/{{id}}/steps/{{step}}/{each.name}", on_step(each)) for each in STEP_VERBS
}
