"""Recurring work over HTTP: set up, change, pause, resume, end; what there is, and what a schedule would give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.responses import Response

from api.handling import bodies
from api.handling.answering import show, to_json
from api.handling.bodies import AssigneeText, Body, FieldValues, Labels, Line, LongWords
from api.handling.carrying import making, on_id
from api.handling.orders import Order
from api.handling.queries import PageQuery, ViewQuery
from api.handling.registering import add_command, add_view, stream_id
from api.handling.seeing import visible_to
from api.handling.services import Services
from api.handling.verbs import On, Verb, verb
from api.wire.reading import validate
from application import recurrences as recurring
from domain.document_part import Key
from domain.instants import checked, described, upcoming
from domain.words import Priority, RoleKey, StageKey
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
SET_UP: Verb[On, Any] = verb(
    "set-up",
    "Set up recurring work",
    SetUp,
    lambda on, body: recurring.set_up(
        on.app, on.id, _schedule(body), on.asked,
        makes=body.makes, project=body.project, process=body.process,
    ),
    {**_EXAMPLE, "makes": "task", "project": "01938c2e-7a31-7c11-b1b9-0d6c2f6a9e55"},
)  # fmt: skip
VERBS: tuple[Verb[On, Any], ...] = (
    verb(
        "change",
        "Change what follows of recurring work",
        Schedule,
        lambda on, body: recurring.change(on.app, on.id, _schedule(body), on.asked, check=_checked_template),
        _EXAMPLE,
    ),
    verb(
        "pause",
        "Make nothing until it is resumed",
        bodies.Reason,
        lambda on, body: recurring.pause(on.app, on.id, on.asked, reason=body.reason),
        {"reason": "Holidays"},
    ),
    verb(
        "resume",
        "Make work again, from now on",
        bodies.Nothing,
        lambda on, _: recurring.resume(on.app, on.id, on.asked),
    ),
    verb(
        "end",
        "Make nothing any more",
        bodies.Reason,
        lambda on, body: recurring.end(on.app, on.id, on.asked, reason=body.reason),
        {"reason": "No longer needed"},
    ),
)


def add_recurrences(router: APIRouter) -> None:
    """Register the verbs and views of recurring work."""
    add_command(
        router,
        Order("POST /v1/recurrences", making(SET_UP, lambda made, _: f"/v1/recurrences/{made}")),
        SET_UP,
        tag="Recurring work",
    )
    for each in VERBS:
        order = Order(f"POST /v1/recurrences/{{id}}/{each.name}", on_id(each))
        add_command(router, order, each, tag="Recurring work")
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
    visible = await visible_to(request)
    return await show(
        request,
        query,
        lambda connection: queries.recurrences(connection, query.project, query.page, visible=visible),
    )


async def recurrence(request: Request, id: str, query: Annotated[ViewQuery, Query()]) -> Response:  # noqa: A002 - its name in the address
    """The schedule in words, the next five instants, and what the last time gave."""
    stream = stream_id(id)
    visible = await visible_to(request)
    return await show(
        request, query, lambda connection: queries.recurrence(connection, stream, visible=visible)
    )


async def preview(request: Request, query: Annotated[PreviewQuery, Query()]) -> Response:
    """The next five instants; nothing is stored."""
    services: Services = request.app.state.services
    now = services.clock()
    cron = checked(query.cron, query.time_zone, now)
    coming = upcoming(cron, query.time_zone, now, queries.PREVIEWED)
    told = Preview(cron, query.time_zone, described(cron), tuple(coming))
    return to_json(told, {})


def _schedule(body: Schedule) -> recurring.Schedule:
    return recurring.Schedule(body.name, body.cron, body.time_zone, body.template, body.catch_up)


def _template(makes: str, template: dict[str, Any]) -> None:
    (TaskTemplate if makes == "task" else RunTemplate).model_validate(template)


def _checked_template(makes: str, template: Mapping[str, Any]) -> None:
    validate(TaskTemplate if makes == "task" else RunTemplate, dict(template))
