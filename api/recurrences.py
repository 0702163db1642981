"""Recurring work over HTTP: set up, change, pause, resume, end; what there is, and what a schedule would give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api import bodies
from api.asked import PageQuery, ViewQuery
from api.bodies import AssigneeText, Body, FieldValues, Labels, Line, LongWords
from api.commands import Call, carry_out
from api.ids import uuid7
from api.problems import Problem
from api.reading import validate
from api.registering import Handle, add_command, add_view, stream_id
from api.services import Services
from api.streams import PROCESSES, PROJECTS, RECURRENCES, known_process, known_recurrence, project_taking_work
from api.verbs import Given, Verb
from api.views import show, to_json
from domain import recurrence as recurring
from domain.directory import EMPTY
from domain.document_part import Key
from domain.events import Event
from domain.instants import checked, described, upcoming
from domain.project import column
from domain.recurrence import Recurrence
from domain.words import Priority, RoleKey, StageKey, process_stream
from projections.machine import recurrence_queries as queries


class TaskTemplate(Body):
    """The task that is made each time; ``{date}``, ``{week}``, ``{month}`` and ``{year}`` in texts name the instant."""

    title: Line
    stage: StageKey
    description: LongWords = ""
    assignee: AssigneeText | None = None
    priority: Priority = "none"
    labels: Labels = ()
    due_in_days: Annotated[int, Field(strict=True, ge=0, le=366)] | None = None
    checklist: Annotated[tuple[Line, ...], Field(max_length=50)] = ()


class RunTemplate(Body):
    """The run that is started each time; its name may hold ``{date}``, ``{week}``, ``{month}`` and ``{year}``."""

    name: Line | None = None
    inputs: FieldValues = Field(default_factory=dict)
    roles: Annotated[dict[RoleKey, AssigneeText], Field(max_length=200)] = Field(default_factory=dict)
    priority: Priority = "none"


class Schedule(Body):
    """When, and what: a cron expression of five fields in a time zone, and a template for the task or the run."""

    name: Line
    cron: Annotated[str, Field(max_length=200)]
    time_zone: Annotated[str, Field(max_length=100)]
    catch_up: Literal["all", "last", "none"] = "last"
    template: dict[str, Any]


class SetUp(Schedule):
    """Makes tasks in a project, or runs of a process (shown in the project, when one is named)."""

    makes: Literal["task", "run"]
    project: UUID | None = None
    process: Key | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        _template(self.makes, self.template)
        return self


class PreviewQuery(BaseModel):
    """A schedule to try."""

    model_config = ConfigDict(extra="forbid")
    cron: Annotated[str, Field(max_length=200)]
    time_zone: Annotated[str, Field(max_length=100)] = "UTC"


class RecurrencesQuery(PageQuery):
    """Of which project, and which page."""

    project: UUID | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """What a schedule gives: in words, and the next five instants."""

    cron: str
    time_zone: str
    schedule: str
    coming: tuple[datetime, ...]


_EXAMPLE = {
    "name": "Monthly close", "cron": "0 8 1 * *", "time_zone": "Europe/Berlin", "catch_up": "last",
    "template": {"title": "Close {month}", "stage": "open", "due_in_days": 5},
}  # fmt: skip
SET_UP = Verb(
    "set-up",
    "Set up recurring work",
    SetUp,
    recurring.set_up,
    {**_EXAMPLE, "makes": "task", "project": "01938c2e-7a31-7c11-b1b9-0d6c2f6a9e55"},
)
VERBS = (
    Verb("change", "Change what follows of recurring work", Schedule, recurring.change, _EXAMPLE),
    Verb("pause", "Make nothing until it is resumed", bodies.Reason, recurring.pause, {"reason": "Holidays"}),
    Verb("resume", "Make work again, from now on", bodies.Nothing, recurring.resume),
    Verb("end", "Make nothing any more", bodies.Reason, recurring.end, {"reason": "No longer needed"}),
)


def add_recurrences(router: APIRouter) -> None:
    """Register the verbs and views of recurring work."""
    add_command(router, "POST", "/v1/recurrences", SET_UP, _set_up, tag="Recurring work")
    for verb in VERBS:
        path = f"/v1/recurrences/{{id}}/{verb.name}"
        add_command(router, "POST", path, verb, _on_recurrence(verb), tag="Recurring work")
    told_of = "What a schedule would give"
    preview_path = "/v1/recurrences/preview"
    add_view(router, preview_path, preview, Preview, told_of, tag="Recurring work", refuses=(409,))
    views: tuple[tuple[str, Any, type[Any], str], ...] = (
        ("/v1/recurrences/{id}", recurrence, queries.Recurrences, "One piece of recurring work"),
        ("/v1/recurrences", recurrences, queries.Recurrences, "Recurring work, the next to come first"),
    )
    for path, ask, told, summary in views:
        add_view(router, path, ask, told, summary, tag="Recurring work")


async def recurrences(request: Request, query: Annotated[RecurrencesQuery, Query()]) -> Response:
    """The schedule in words, the next five instants, and what the last time gave."""
    return await show(
        request, query, lambda connection: queries.recurrences(connection, query.project, query.page)
    )


async def recurrence(request: Request, id: str, query: Annotated[ViewQuery, Query()]) -> Response:  # noqa: A002 - its name in the address
    """The schedule in words, the next five instants, and what the last time gave."""
    stream = stream_id(id)
    return await show(request, query, lambda connection: queries.recurrence(connection, stream))


async def preview(request: Request, query: Annotated[PreviewQuery, Query()]) -> Response:
    """The next five instants; nothing is stored."""
    services: Services = request.app.state.services
    now = services.clock()
    cron = checked(query.cron, query.time_zone, now)
    coming = upcoming(cron, query.time_zone, now, queries.PREVIEWED)
    told = Preview(cron, query.time_zone, described(cron), tuple(coming))
    return to_json(told, {})


async def _set_up(call: Call) -> Response:
    body = validate(SetUp, call.body)
    await run_in_threadpool(_has_a_place, call.services, body)
    stream = uuid7()
    given = await _given(call, stream, SET_UP)

    def decide(known: Recurrence | None) -> Sequence[Event]:
        return SET_UP.decide(known, body, given)

    created = f"/v1/recurrences/{stream}"
    return await carry_out(
        call, RECURRENCES, stream, decide, name=str(stream), meta=call.caller.meta, created=created
    )


def _on_recurrence(verb: Verb) -> Handle:
    async def handle(call: Call) -> Response:
        stream = stream_id(call.request.path_params["id"])
        body = validate(verb.body, call.body)
        given = await _given(call, stream, verb)

        def decide(state: Recurrence | None) -> Sequence[Event]:
            known = known_recurrence(state, stream)
            if isinstance(body, Schedule):
                _checked_template(known.makes, body.template)
            return verb.decide(known, body, given)

        return await carry_out(call, RECURRENCES, stream, decide, name=str(stream), meta=call.caller.meta)

    return handle


async def _given(call: Call, stream: UUID, verb: Verb) -> Given:
    """What the decision may ask for beside the body."""
    services = call.services
    directory = await services.directories.now() if verb.wants_directory else EMPTY
    return Given(call.caller.actor, services.clock(), services.calendar, stream, directory=directory)


def _has_a_place(services: Services, body: SetUp) -> None:
    """The project takes work and has the column; the process is published."""
    if body.project is not None:
        project = project_taking_work(services.app.load(PROJECTS, body.project), body.project)
        if body.makes == "task":
            column(project, StageKey(body.template["stage"]))
    if body.process is not None:
        process = known_process(services.app.load(PROCESSES, process_stream(body.process)), body.process)
        if process.version == 0:
            raise Problem("unknown_process", f"no version of {body.process} is published")


def _template(makes: str, template: dict[str, Any]) -> None:
    (TaskTemplate if makes == "task" else RunTemplate).model_validate(template)


def _checked_template(makes: str, template: dict[str, Any]) -> None:
    validate(TaskTemplate if makes == "task" else RunTemplate, template)
