"""Orders on runs."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from api.handling import bodies
from api.handling.carrying import making, on_id
from api.handling.orders import Order
from api.handling.placed import place_of
from api.handling.registering import add_command
from api.handling.verbs import On, Verb, verb
from application import guest_links, runs
from application.runs import NewRun

START: Verb[On, Any] = verb(
    "start",
    "Start a run of a process",
    bodies.StartRun,
    lambda on, body: runs.start_run(on.app, on.id, new_run(body), on.asked),
    {"process": "customer_onboarding", "name": "Acme Ltd", "roles": {"account_manager": "person:dana"}},
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
    verb(
        "confirm-guest-address",
        "Say that the new mail address of a guest is theirs",
        bodies.ConfirmGuestAddress,
        lambda on, body: guest_links.confirm_guest_address(
            on.app, on.id, on.asked, role=body.role, address=body.address
        ),
        {"role": "customer", "address": "ada@nordwind.example"},
    ),
    verb(
        "revoke-guest-links",
        "Have every link of a guest open nothing any more",
        bodies.RevokeGuestLinks,
        lambda on, body: guest_links.revoke_guest_links(
            on.app, on.id, on.asked, role=body.role, reason=body.reason
        ),
        {"role": "customer", "reason": "Sent to the wrong mailbox"},
    ),
    verb(
        "send-guest-link",
        "Send a guest a new link to what is open for them",
        bodies.SendGuestLink,
        lambda on, body: guest_links.send_guest_link(on.app, on.id, on.asked, role=body.role),
        {"role": "customer"},
    ),
)


def add_run_commands(router: APIRouter) -> None:
    """Register every verb of runs."""
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


STARTING = Order("POST /v1/runs", making(START, lambda run, _: f"/v1/runs/{run}"))
ON_RUN = {each.name: Order(f"POST /v1/runs/{{id}}/{each.name}", on_id(each)) for each in RUN_VERBS}
