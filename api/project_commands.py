"""Commands on projects."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api import bodies
from api.commands import Call, carry_out
from api.ids import uuid7
from api.reading import validate
from api.registering import Handle, add_command, stream_id
from api.services import Services
from api.streams import PROCESSES, PROJECTS, known_process, known_project
from api.verbs import Given, Verb
from domain import project as projects
from domain.events import Event, ProjectStage
from domain.project import Project
from domain.words import Rejected, StageKey, process_stream

_STAGES = [{"key": "signed", "title": "Signed"}, {"key": "live", "title": "Live", "wip_limit": 5}]

OPEN = Verb(
    "open",
    "Open a project",
    bodies.OpenProject,
    projects.open_project,
    {"name": "Spring customers", "owner": "person:dana", "stages": _STAGES, "process": "customer_onboarding"},
)
VERBS = (
    Verb("rename", "Rename a project", bodies.Rename, projects.rename, {"name": "Summer customers"}),
    Verb(
        "stages",
        "Change the columns of a project's board",
        bodies.ChangeStages,
        projects.change_stages,
        {"stages": _STAGES},
    ),
    Verb(
        "members",
        "Let somebody see, work in or steer a project",
        bodies.AddMember,
        projects.add_member,
        {"member": "person:bo", "access": "member"},
    ),
    Verb(
        "remove-member",
        "Take somebody out of a project",
        bodies.RemoveMember,
        projects.remove_member,
        {"member": "person:bo"},
    ),
    Verb("close", "Close a project", bodies.Reason, projects.close, {"reason": "All customers are live"}),
    Verb(
        "reopen",
        "Let a closed project take work again",
        bodies.Reason,
        projects.reopen,
        {"reason": "One came back"},
    ),
)


def add_project_commands(router: APIRouter) -> None:
    """Register every verb of projects."""
    add_command(router, "POST", "/v1/projects", OPEN, _open, tag="Projects")
    for verb in VERBS:
        add_command(
            router, "POST", f"/v1/projects/{{id}}/{verb.name}", verb, _on_project(verb), tag="Projects"
        )


async def _open(call: Call) -> Response:
    body = validate(bodies.OpenProject, call.body)
    if body.stages is None and body.process is not None:
        columns = await run_in_threadpool(_stages_of, call.services, body.process)
        body = body.model_copy(update={"stages": columns})
    stream = uuid7()
    given = await _given(call, stream)

    def decide(project: Project | None) -> Sequence[Event]:
        return OPEN.decide(project, body, given)

    created = f"/v1/projects/{stream}/board"
    return await carry_out(
        call, PROJECTS, stream, decide, name=str(stream), meta=call.caller.meta, created=created
    )


async def _given(call: Call, stream: UUID) -> Given:
    services = call.services
    directory = await services.directories.now()
    return Given(call.caller.actor, services.clock(), services.calendar, stream, directory=directory)


def _stages_of(services: Services, key: str) -> tuple[ProjectStage, ...]:
    """The stages of the newest published version, as columns."""
    process = known_process(services.app.load(PROCESSES, process_stream(key)), key)
    if process.version == 0:
        raise Rejected(
            "no_version", f"no version of {key} is published: name the stages", accepted=["stages"]
        )
    stages = services.app.definition(key, process.version).document.stages
    return tuple(ProjectStage(key=StageKey(stage.key), title=stage.title) for stage in stages)


def _on_project(verb: Verb) -> Handle:
    async def handle(call: Call) -> Response:
        stream = stream_id(call.request.path_params["id"])
        body = validate(verb.body, call.body)
        given = await _given(call, stream)

        def decide(project: Project | None) -> Sequence[Event]:
            return verb.decide(known_project(project, stream), body, given)

        return await carry_out(call, PROJECTS, stream, decide, name=str(stream), meta=call.caller.meta)

    return handle
