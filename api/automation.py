"""What the machine does for runs, over HTTP: its actions, the incidents that people decide, events from outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal, Self, TypeVar
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import Field, StringConstraints, model_validator
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.asked import Limit, PageQuery, Who
from api.bodies import Body, FieldValues, Reason, Words
from api.commands import Call, carry_out
from api.files import run_files_are_kept
from api.guard import Caller, caller_of
from api.problems import Problem
from api.reading import validate
from api.registering import Handle, add_command, add_view, stream_id
from api.services import Services
from api.sight import is_for_some, sees_texts
from api.streams import RUNS, known_run
from api.verbs import Given, Verb
from api.views import answer, services_of, to_json
from domain.definition import Definition
from domain.directory import Directory
from domain.events import Event
from domain.run import Run
from domain.run.external import receive_event
from domain.run.incidents import drop_incident, edit_incident, finish_incident, retry_incident
from domain.schedule import Calendar
from domain.words import Actor, StepKey
from projections.machine import action_queries as queries

EventName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$", max_length=100)]
_MOST_RUNS = 20
R = TypeVar("R", queries.ActionRow, queries.IncidentRow)


class Retry(Body):
    """Have the machine try again: at once, and by schedule if need be."""

    reason: Words | None = None


class Edit(Body):
    """Have the machine try again with these in place of what the process says, sent as they stand here.

    For a call `url`, `headers` and `body`; for a mail `to`, `subject` and `body`; for a child run `inputs`.
    """

    changes: Annotated[dict[str, Any], Field(min_length=1, max_length=10)]
    reason: Words | None = None


class ByHand(Body):
    """Why somebody did by hand what the machine could not, and the values that it would have brought."""

    reason: Words
    values: FieldValues = Field(default_factory=dict)


class ExternalEvent(Body):
    """Something happened elsewhere: to the run with this id, or to the one that is known by this key.

    The same `id` told twice counts once. Values go into the fields of the same key of the step that waits for it.
    """

    event: EventName
    id: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    run: UUID | None = None
    key: Annotated[str, StringConstraints(min_length=1, max_length=500)] | None = None
    values: FieldValues = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.run is None) == (self.key is None):
            raise ValueError("name the run or the key, not both")
        return self


VERBS = (
    Verb("retry", "Have the machine try again", Retry, retry_incident, {"reason": "The service is back"}),
    Verb(
        "edit",
        "Have the machine try again with something changed",
        Edit,
        edit_incident,
        {"changes": {"url": "https://crm.example.com/v2/accounts"}, "reason": "The service has moved"},
    ),
    Verb(
        "done-by-hand",
        "Say that it was done by hand",
        ByHand,
        finish_incident,
        {"reason": "Entered it in the CRM", "values": {"crm_account_id": "A-17"}},
    ),
    Verb("let-go", "Let it be", Reason, drop_incident, {"reason": "Nobody listens there any more"}),
)


def hear(
    run: Run,
    definition: Definition,
    body: ExternalEvent,
    steps: Sequence[StepKey] | None,
    *,
    by: Actor,
    at: datetime,
    calendar: Calendar,
    directory: Directory,
) -> Sequence[Event]:
    """What follows from the event for the run; ``steps`` are those that the key names."""
    told = (run, definition, body.event, body.id, body.values, steps)
    return receive_event(*told, by=by, at=at, calendar=calendar, directory=directory)


TELL = Verb(
    "external-events",
    "Tell of something that happened elsewhere",
    ExternalEvent,
    hear,
    {"event": "report.received", "id": "checks-7781", "key": "CHK-20931", "values": {"result": "clear"}},
    whole="body",
)


class ActionsQuery(PageQuery):
    """Which actions, the one that changed last first."""

    run: UUID | None = None
    state: Literal["queued", "started", "failed", "uncertain", "succeeded", "unsent", "withdrawn"] | None = (
        None
    )
    kind: Literal["email", "http", "run"] | None = None
    limit: Limit = 100


class IncidentsQuery(PageQuery):
    """Which open incidents, the oldest first."""

    run: UUID | None = None
    assignee: Who | None = None
    limit: Limit = 100


def add_automation(router: APIRouter) -> None:
    """Register the verbs on incidents, the way in for events, and the two lists."""
    for verb in VERBS:
        path = f"/v1/runs/{{id}}/incidents/{{incident}}/{verb.name}"
        add_command(router, "POST", path, verb, _on_incident(verb), tag="Automatic steps")
    add_command(router, "POST", "/v1/external-events", TELL, _receive, tag="Automatic steps")
    add_view(
        router,
        "/v1/incidents",
        incidents,
        queries.IncidentList,
        "What the machine asks people",
        tag="Automatic steps",
    )
    add_view(
        router, "/v1/actions", actions, queries.ActionList, "What the machine does", tag="Automatic steps"
    )


async def actions(request: Request, query: Annotated[ActionsQuery, Query()]) -> Response:
    """Mails, calls and child runs with their state; what others answered is shown to those who see the run's texts."""
    found = await answer(
        services_of(request),
        lambda connection: queries.actions(connection, query.run, query.state, query.kind, query.page),
        query.min_position,
    )
    return await _shown(request, found)


async def incidents(request: Request, query: Annotated[IncidentsQuery, Query()]) -> Response:
    """Open incidents: what could not be done, why, and who is asked to decide."""
    found = await answer(
        services_of(request),
        lambda connection: queries.incidents(connection, query.run, query.assignee, query.page),
        query.min_position,
    )
    return await _shown(request, found)


async def _shown(request: Request, found: queries.ActionList | queries.IncidentList) -> Response:
    rows: Any = await run_in_threadpool(_without_texts, services_of(request), caller_of(request), found.rows)
    told = replace(found, rows=rows)
    return to_json(told, {"Milepost-Position": str(found.position)})


def _without_texts(services: Services, caller: Caller, rows: Sequence[R]) -> tuple[R, ...]:
    """The rows; what other services answered only where the caller may read what is written at the run's steps."""
    sees = {project: sees_texts(services, project, caller) for project in {row.project for row in rows}}
    admin = "admin" in caller.grant.scopes

    def tells(row: R) -> bool:
        for_some = is_for_some(services, row.process, row.process_version, row.step)
        return _is_asked(row, caller) or (sees[row.project] and (admin or not for_some))

    return tuple(row if tells(row) else _bare(row) for row in rows)


def _is_asked(row: R, caller: Caller) -> bool:
    return getattr(row, "assignee", None) == str(caller.actor)


def _bare(row: R) -> R:
    if isinstance(row, queries.IncidentRow):
        return replace(row, reason="")
    return replace(row, reason=None, receipt=None)


def _on_incident(verb: Verb) -> Handle:
    async def handle(call: Call) -> Response:
        path = call.request.path_params
        stream, incident = stream_id(path["id"]), stream_id(path["incident"])
        body = validate(verb.body, call.body)
        await run_files_are_kept(call.services, stream, body)
        given = await _given(call, stream)
        meta = dict(call.caller.meta)

        def decide(run: Run | None) -> Sequence[Event]:
            run = known_run(run, stream)
            definition = call.services.app.definition(run.process, run.process_version)
            meta.update(process=run.process, process_version=run.process_version)
            return verb.decide(run, body, replace(given, definition=definition, incident=incident))

        return await carry_out(call, RUNS, stream, decide, name=str(stream), meta=meta)

    return handle


async def _given(call: Call, stream: UUID) -> Given:
    """What both kinds of decisions may ask for; they may make work ready for somebody who has left."""
    services = call.services
    directory = await services.directories.now()
    return Given(call.caller.actor, services.clock(), services.calendar, stream, directory=directory)


async def _receive(call: Call) -> Response:
    body = validate(ExternalEvent, call.body)
    stream, steps = (body.run, None) if body.run is not None else await _known_by_key(call.services, body)
    await run_files_are_kept(call.services, stream, body)
    given = replace(await _given(call, stream), steps=steps)
    meta = dict(call.caller.meta)

    def decide(run: Run | None) -> Sequence[Event]:
        run = known_run(run, stream)
        definition = call.services.app.definition(run.process, run.process_version)
        meta.update(process=run.process, process_version=run.process_version)
        return TELL.decide(run, body, replace(given, definition=definition))

    return await carry_out(call, RUNS, stream, decide, name=str(stream), meta=meta)


async def _known_by_key(services: Services, body: ExternalEvent) -> tuple[UUID, Sequence[StepKey]]:
    """The run that the key names, and its steps. The read model is asked again once it knows all that is stored."""
    found = await _awaiting(services, body, None)
    if not any(one.waits for one in found):
        found = await _awaiting(services, body, await run_in_threadpool(services.log.head))
    if not found:
        raise Problem("unknown_key", f"nothing waits for {body.event} under this key")
    heard = await run_in_threadpool(_has_heard, services, body, found)
    waiting = [one for one in found if one.waits]
    if heard is None and len(waiting) > 1:
        runs = [str(one.run) for one in waiting]
        raise Problem("ambiguous_key", f"{len(runs)} runs wait for {body.event} under this key", runs=runs)
    chosen = heard or (waiting or found)[0]
    return chosen.run, [StepKey(step) for step in chosen.steps]


async def _awaiting(
    services: Services, body: ExternalEvent, min_position: int | None
) -> tuple[queries.AwaitingRun, ...]:
    assert body.key is not None
    key = body.key
    found = await answer(
        services, lambda connection: queries.awaiting(connection, body.event, key, _MOST_RUNS), min_position
    )
    return found.rows


def _has_heard(
    services: Services, body: ExternalEvent, found: Sequence[queries.AwaitingRun]
) -> queries.AwaitingRun | None:
    """The run that was told of this very event before."""
    for one in found:
        run = services.app.load(RUNS, one.run)
        if run is not None and body.id in run.sources:
            return one
    return None
