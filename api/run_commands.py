"""Commands on runs and their steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api import bodies
from api import decision_bodies as deciding
from api.commands import Call, carry_out
from api.contents import as_staff, told_of_changes
from api.files import files_are_kept, must_be_attachable, run_files_are_kept
from api.ids import uuid7
from api.limits import room_in
from api.problems import Problem
from api.reading import validate
from api.registering import Handle, add_command, stream_id
from api.reminding import with_told
from api.services import Services
from api.sight import sight_of
from api.steering import STEERED, must_steer
from api.streams import PROCESSES, PROJECTS, RUNS, known_process, known_run, project_taking_work
from api.verbs import Given, Verb
from domain import run as runs
from domain.definition import Definition
from domain.directory import EMPTY, Directory, names_somebody
from domain.events import Event, RunStarted
from domain.process import draft_version, must_be_sound
from domain.run import Run
from domain.run.nudging import remind_step
from domain.words import Assignee, Rejected, RoleKey, StepKey, process_stream

START = Verb(
    "start",
    "Start a run of a process",
    bodies.StartRun,
    runs.start_run,
    {"process": "customer_onboarding", "name": "Acme Ltd", "roles": {"account_manager": "person:dana"}},
    elsewhere=frozenset({"process", "process_version", "draft"}),
)

STEP_VERBS = (
    Verb(
        "complete",
        "Complete a step",
        deciding.Complete,
        runs.complete_step,
        {"values": {"goals": "Go live in March"}, "outcome": None},
    ),
    Verb(
        "complete-by-hand",
        "Complete an automatic step in place of the machine",
        bodies.CompleteByHand,
        runs.complete_by_hand,
        {"reason": "The mail was sent from the office", "values": {}},
    ),
    Verb("start", "Start to work on a step", bodies.Nothing, runs.start_step),
    Verb(
        "save",
        "Save values before the step is complete",
        bodies.Save,
        runs.save_values,
        {"values": {"plan": "pro"}},
    ),
    Verb(
        "add-evidence",
        "Give a done step values that it lacks",
        bodies.AddEvidence,
        runs.add_evidence,
        {"values": {"plan": "pro"}},
    ),
    Verb(
        "approve",
        "Approve",
        deciding.Approve,
        runs.give_approval,
        {"comment": "Looks right", "values": {"decision": "Cleared"}},
    ),
    Verb(
        "refuse",
        "Refuse an approval",
        deciding.Refuse,
        runs.refuse_approval,
        {"reason": "The form is not signed"},
    ),
    Verb(
        "decline",
        "Decline to sign",
        deciding.Decline,
        runs.decline_signature,
        {"reason": "Other terms were agreed"},
    ),
    Verb("skip", "Skip a step", bodies.Reason, runs.skip_step, {"reason": "Already done by phone"}),
    Verb(
        "reopen",
        "Reopen a step that has ended",
        bodies.ReopenStep,
        runs.reopen_step,
        {"reason": "The address changed", "dependents": "keep"},
    ),
    Verb(
        "assign",
        "Assign a step",
        bodies.Assign,
        runs.assign_step,
        {"assignee": "person:bo", "reason": "Dana is away"},
    ),
    Verb("claim", "Take a step of a group for yourself", bodies.Nothing, runs.claim_step),
    Verb(
        "release",
        "Give a claimed step back to its group",
        bodies.MaybeReason,
        runs.release_step,
        {"reason": "I am away tomorrow"},
    ),
    Verb(
        "due",
        "Set when a step is due",
        bodies.SetDueAt,
        runs.set_step_due,
        {"due_at": "2026-11-27T17:00:00Z"},
    ),
    Verb(
        "request-help",
        "Ask for help on a step",
        bodies.RequestHelp,
        runs.request_help,
        {"reason": "No access to the old system", "waiting_on": "IT", "until": "2026-11-25T12:00:00Z"},
    ),
    Verb(
        "clear-help",
        "Help is no longer needed",
        bodies.ClearHelp,
        runs.clear_help,
        {"note": "Access is there"},
    ),
    Verb("remind", "Remind whose work a step is", bodies.Nothing, remind_step),
)

RUN_VERBS = (
    Verb(
        "pause",
        "Pause a run: work and due clocks stop",
        bodies.Reason,
        runs.pause_run,
        {"reason": "Customer's holidays"},
    ),
    Verb("resume", "Let a paused run go on", bodies.Nothing, runs.resume_run),
    Verb("cancel", "Call a run off", bodies.Reason, runs.cancel_run, {"reason": "The offer was withdrawn"}),
    Verb("priority", "Set a run's priority", bodies.SetPriority, runs.set_priority, {"priority": "high"}),
    Verb(
        "target",
        "Set when a run is to be finished",
        bodies.SetTarget,
        runs.set_target,
        {"target_at": "2026-12-18T16:00:00Z"},
    ),
    Verb(
        "inputs",
        "Change inputs of a run",
        bodies.ChangeInputs,
        runs.change_inputs,
        {"inputs": {"plan": "enterprise"}},
    ),
    Verb("link", "Show a run on a project's board", bodies.Link, runs.link_run, {"project": None}),
    Verb(
        "rank",
        "Move a run's card within its column",
        bodies.Place,
        runs.rank_run,
        {"after": "a0", "before": "a1"},
    ),
    Verb(
        "move",
        "Move a run's card",
        bodies.MoveRun,
        runs.move_run,
        {"stage": "training", "after": "a0", "before": None},
    ),
    Verb(
        "override-stage",
        "Show a run in another stage than its steps give",
        bodies.OverrideStage,
        runs.override_stage,
        {"stage": "training", "reason": "Started early"},
    ),
    Verb(
        "clear-stage-override",
        "Show a run in the stage its steps give",
        bodies.Nothing,
        runs.clear_stage_override,
    ),
    Verb(
        "comment",
        "Write about a run or one of its steps",
        bodies.CommentRun,
        runs.comment,
        {"text": "Waiting for the contract"},
    ),
    Verb(
        "attach",
        "Show an uploaded file beside a run or one of its steps",
        bodies.AttachFile,
        runs.attach_file,
        {
            "name": "offer.pdf",
            "media_type": "application/pdf",
            "size_bytes": 48213,
            "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        },
    ),
    Verb(
        "detach",
        "Show an attached file no longer",
        bodies.DetachFile,
        runs.detach_file,
        {"attachment": "01938c2e-7a31-7c11-b1b9-0d6c2f6a9e55", "reason": "The wrong file"},
    ),
    Verb(
        "assign-role",
        "Say who fills a role for the rest of a run",
        bodies.AssignRole,
        runs.assign_role,
        {"role": "trainer", "assignee": "person:bo", "reason": None},
    ),
)


def add_run_commands(router: APIRouter) -> None:
    """Register every verb of runs and steps; the one used most comes first."""
    for verb in STEP_VERBS:
        add_command(
            router, "POST", f"/v1/runs/{{id}}/steps/{{step}}/{verb.name}", verb, _on_run(verb), tag="Steps"
        )
    add_command(router, "POST", "/v1/runs", START, _start, tag="Runs")
    for verb in RUN_VERBS:
        add_command(router, "POST", f"/v1/runs/{{id}}/{verb.name}", verb, _on_run(verb), tag="Runs")


def _on_run(verb: Verb) -> Handle:
    async def handle(call: Call) -> Response:
        path = call.request.path_params
        stream = stream_id(path["id"])
        body = validate(verb.body, call.body)
        await _project_takes_work(call.services, body)
        if verb.name in STEERED:
            await run_in_threadpool(must_steer, call.services, call.caller, stream)
        await _files_are_kept(call.services, stream, body)
        given = Given(
            call.caller.actor,
            call.services.clock(),
            call.services.calendar,
            stream,
            path.get("step"),
            directory=await _directory(call.services, verb, body),
        )
        meta = dict(call.caller.meta)

        def decide(run: Run | None) -> Sequence[Event]:
            run = known_run(run, stream)
            definition = call.services.app.definition(run.process, run.process_version)
            _step_exists(definition, given.step)
            meta.update(process=run.process, process_version=run.process_version)
            return verb.decide(run, body, replace(given, definition=definition))

        project, stage = await _column_wanted(call.services, stream, body)
        async with room_in(call.services, project, stage, stream):
            try:
                done = await carry_out(call, RUNS, stream, decide, name=str(stream), meta=meta)
            except Rejected as refusal:
                raise await _with_changes(refusal, call, stream, given.step, body) from None
        return await with_told(call, stream, path["step"], done) if verb.name == "remind" else done

    return handle


async def _with_changes(
    refusal: Rejected, call: Call, stream: UUID, step: StepKey | None, body: BaseModel
) -> Rejected:
    """A refusal, with what was seen and what is there now where somebody decided on what is no longer true."""
    seen = getattr(body, "content_sha256", None)
    if refusal.code != "content_changed" or step is None or seen is None:
        return refusal
    services, directory = call.services, await call.services.directories.recently()

    def told() -> Rejected:
        reader = as_staff(sight_of(services, stream, call.caller), step, directory)
        return told_of_changes(refusal, services, stream, step, seen, reader)

    return await run_in_threadpool(told)


async def _files_are_kept(services: Services, stream: UUID, body: BaseModel) -> None:
    if isinstance(body, bodies.AttachFile):
        await must_be_attachable(services, body)
    else:
        await run_files_are_kept(services, stream, body)


async def _directory(services: Services, verb: Verb, body: BaseModel) -> Directory:
    """Who works here. What is done often names somebody seldom: then a moment ago is new enough."""
    if not verb.wants_directory:
        return EMPTY
    often = verb.decision in (runs.complete_step, runs.save_values, runs.comment)
    if often and not names_somebody(body.model_dump()):
        return await services.directories.recently()
    return await services.directories.now()


async def _column_wanted(services: Services, stream: UUID, body: BaseModel) -> tuple[UUID | None, str]:
    """The project and the column into which somebody puts a run's card; no project when its steps put it somewhere."""
    if not isinstance(body, bodies.OverrideStage):
        return None, ""
    run = known_run(await run_in_threadpool(services.app.load, RUNS, stream), stream)
    return run.project, body.stage


def _step_exists(definition: Definition, step: StepKey | None) -> None:
    if step is not None and step not in definition.steps:
        raise Problem("unknown_step", f"this process has no step {step}", status=404)


async def _start(call: Call) -> Response:
    body = validate(bodies.StartRun, call.body)
    body = body.model_copy(update={"test": body.test or body.draft})
    services = call.services
    await _project_takes_work(services, body)
    await files_are_kept(services, body)
    definition = await run_in_threadpool(_definition, services, body)
    stream = uuid7()
    directory = await services.directories.for_draws(definition)
    given = Given(call.caller.actor, services.clock(), services.calendar, stream, definition=definition)
    drawn = services.directories.draws()
    meta = {**call.caller.meta, "process": definition.process, "process_version": definition.version}

    def decide(run: Run | None) -> Sequence[Event]:
        drawn.forget()
        events = START.decide(
            run, body, replace(given, directory=services.directories.with_pending(directory))
        )
        drawn.note(definition, roles_of(events))
        return events

    try:
        response = await carry_out(
            call, RUNS, stream, decide, name=str(stream), meta=meta, created=f"/v1/runs/{stream}"
        )
    except BaseException:
        drawn.forget()
        raise
    drawn.stored(int(response.headers["Milepost-Position"]))
    return response


def roles_of(events: Sequence[Event]) -> Mapping[RoleKey, Assignee]:
    """Who fills the roles of a run that these events begin."""
    return next((event.roles for event in events if isinstance(event, RunStarted)), {})


def _definition(services: Services, body: bodies.StartRun) -> Definition:
    """The version to follow: the one asked for, else the newest that is published. A retired process has none."""
    loaded = services.app.load_version(PROCESSES, process_stream(body.process))
    process = known_process(loaded[1], body.process)
    if body.draft:
        must_be_sound(process)
        return services.app.definition(body.process, draft_version(loaded[0]))
    if process.version == 0:
        raise Problem("unknown_process", f"no process {body.process} is published")
    version = process.version if body.process_version is None else body.process_version
    if process.retired:
        raise Problem("process_retired", f"the process {body.process} takes no new runs", status=409)
    return services.app.definition(body.process, version)


async def _project_takes_work(services: Services, body: BaseModel) -> None:
    project: UUID | None = getattr(body, "project", None)
    if project is not None:
        project_taking_work(await run_in_threadpool(services.app.load, PROJECTS, project), project)
