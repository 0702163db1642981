"""What the machine does for runs, over HTTP: its actions, the incidents that people decide, events from outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal, NamedTuple, Self, TypeVar
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import Field, StringConstraints, model_validator
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.access.guard import Caller, caller_of
from api.handling.answering import answer, services_of, to_json
from api.handling.bodies import Body, FieldValues, Reason, Words
from api.handling.commands import Call, Handle, carry_out
from api.handling.orders import Order
from api.handling.queries import Limit, PageQuery, Who
from api.handling.registering import add_command, add_view, stream_id
from api.handling.seeing import visible_to
from api.handling.services import Services
from api.handling.verbs import OnIncident, Verb, verb
from api.run.sight import is_for_some, sees_texts
from api.wire.problems import Problem
from api.wire.reading import validate
from application import incidents as incidents_
from application.asked import Asked
from application.found import RUNS
from application.milepost import Milepost
from domain.words import StepKey
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


VERBS: tuple[Verb[OnIncident, Any], ...] = (
    verb(
        "retry",
        "Have the machine try again",
        Retry,
        lambda on, body: incidents_.retry(on.app, on.run, on.incident, on.asked, reason=body.reason),
        {"reason": "The service is back"},
    ),
    verb(
        "edit",
        "Have the machine try again with something changed",
        Edit,
        lambda on, body: incidents_.edit(
            on.app, on.run, on.incident, on.asked, changes=body.changes, reason=body.reason
        ),
        {"changes": {"url": "https://crm.example.com/v2/accounts"}, "reason": "The service has moved"},
    ),
    verb(
        "done-by-hand",
        "Say that it was done by hand",
        ByHand,
        lambda on, body: incidents_.finish_by_hand(
            on.app, on.run, on.incident, on.asked, reason=body.reason, values=body.values
        ),
        {"reason": "Entered it in the CRM", "values": {"crm_account_id": "A-17"}},
    ),
    verb(
        "let-go",
        "Let it be",
        Reason,
        lambda on, body: incidents_.let_go(on.app, on.run, on.incident, on.asked, reason=body.reason),
        {"reason": "Nobody listens there any more"},
    ),
)


class OnWaiting(NamedTuple):
    """Which run is told, and which of its steps the key names (None: whichever waits)."""

    app: Milepost
    asked: Asked
    run: UUID
    steps: Sequence[StepKey] | None


TELL: Verb[OnWaiting, Any] = verb(
    "external-events",
    "Tell of something that happened elsewhere",
    ExternalEvent,
    lambda on, body: incidents_.tell_run(
        on.app, on.run, on.asked, event=body.event, source_id=body.id, values=body.values, steps=on.steps
    ),
    {"event": "report.received", "id": "checks-7781", "key": "CHK-20931", "values": {"result": "clear"}},
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
    for each in VERBS:
        add_command(router, ON_INCIDENT[each.name], each, tag="Automatic steps")
    add_command(router, Order("POST /v1/external-events", receive), TELL, tag="Automatic steps")
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
    visible = await visible_to(request)
    found = await answer(
        services_of(request),
        lambda connection: queries.actions(
            connection, query.run, query.state, query.kind, query.page, visible=visible
        ),
        query.min_position,
    )
    return await _shown(request, found)


async def incidents(request: Request, query: Annotated[IncidentsQuery, Query()]) -> Response:
    """Open incidents: what could not be done, why, and who is asked to decide."""
    visible = await visible_to(request)
    found = await answer(
        services_of(request),
        lambda connection: queries.incidents(
            connection, query.run, query.assignee, query.page, visible=visible
        ),
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


def on_incident(asked_for: Verb[OnIncident, Any]) -> Handle:
    """Carries out a verb on an incident."""

    async def handle(call: Call) -> Response:
        run, incident = stream_id(call.path["id"]), stream_id(call.path["incident"])
        body = validate(asked_for.body, call.body)
        return await carry_out(
            call,
            run,
            lambda asked: asked_for.do(OnIncident(call.app, asked, run, incident), body),
            name=str(run),
        )

    return handle


async def receive(call: Call) -> Response:
    """Tell a run of an event."""
    body = validate(ExternalEvent, call.body)
    run, steps = (body.run, None) if body.run is not None else await _known_by_key(call.services, body)
    return await carry_out(
        call, run, lambda asked: TELL.do(OnWaiting(call.app, asked, run, steps), body), name=str(run)
    )


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


ON_INCIDENT = {
    each.name: Order(f"POST /v1/runs/{{id}}/incidents/{{incident}}/{each.name}", on_incident(each))
    for each in VERBS
}
