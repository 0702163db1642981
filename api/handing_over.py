"""Hands everything that is somebody's to somebody else: roles in runs under way, open steps, open tasks.

Each run and each task is a command of its own on the usual path, so whatever a rule refuses stays where it is and is
named with the reason. Asking again goes on where it ended, and changes nothing that has moved already.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from starlette.responses import Response

from api import people_bodies
from api.commands import Call
from api.problems import Problem
from api.reading import validate
from api.streams import PEOPLE, RUNS, TASKS, known_person, known_run, known_task, person_key
from api.verbs import Given, Verb
from api.views import to_json
from domain import person as people
from domain import task as tasks
from domain.directory import Directory
from domain.events import Event, StepAssigned
from domain.run import Run, assign_role, assign_step
from domain.words import Assignee, Rejected, RoleKey, StepKey, person_stream
from projections.people.queries import held_by
from store.errors import LogError

MOST = 500
"""How many runs and tasks one request moves at most; ``left`` says how many there are beyond."""
_AT_ONCE = 16


HAND_OVER = Verb(
    "hand-over",
    "Hand all open work of somebody to somebody else",
    people_bodies.HandOver,
    people.may_hand_over,
    {"to": "person:dana", "reason": "Bo left"},
)


@dataclass(frozen=True, slots=True)
class Item:
    """A role or step of a run, or a task; ``steps`` went along with a role, ``code`` and ``detail``: why it stayed."""

    run: UUID | None = None
    task: UUID | None = None
    role: str | None = None
    step: str | None = None
    steps: tuple[str, ...] = ()
    code: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class HandedOver:
    """What moved, what stayed and why, and how many runs and tasks are left for another request."""

    owner: str
    to: str
    moved: tuple[Item, ...]
    failed: tuple[Item, ...]
    left: int
    position: int


@dataclass(slots=True)
class Told:
    """What became of it: what moved, and what did not and why."""

    moved: list[Item] = field(default_factory=list)
    failed: list[Item] = field(default_factory=list)
    position: int = 0


@dataclass(frozen=True, slots=True)
class Move:
    """From whom to whom, why, and who says so."""

    call: Call
    owner: Assignee
    to: Assignee
    reason: str
    directory: Directory
    told: Told = field(default_factory=Told)


async def hand_over(call: Call) -> Response:
    """Move roles, steps and tasks; the answer lists each, and how many are left for another request."""
    key = person_key(call.request.path_params["key"])
    body = validate(people_bodies.HandOver, call.body)
    services, owner, stream = call.services, Assignee(f"person:{key}"), person_stream(key)
    directory = await services.directories.now()
    given = Given(call.caller.actor, services.clock(), services.calendar, stream, directory=directory)
    person = known_person(await asyncio.to_thread(services.app.load, PEOPLE, stream), key)
    HAND_OVER.decide(person, body, given)
    move = Move(call, owner, body.to, body.reason, directory)
    runs, cards = await services.read(lambda connection: held_by(connection, owner))
    one_of_few = asyncio.Semaphore(_AT_ONCE)

    async def one(work: Any, stream: UUID) -> None:
        async with one_of_few:
            await work(move, stream)

    asked = [(_run, stream) for stream in runs] + [(_task, stream) for stream in cards]
    await asyncio.gather(*(one(work, stream) for work, stream in asked[:MOST]))
    return _answer(move, max(0, len(asked) - MOST))


async def _run(move: Move, stream: UUID) -> None:
    """First the roles, which take their open steps along, then every step that is still theirs."""
    try:
        state = await asyncio.to_thread(move.call.services.app.load, RUNS, stream)
        run = known_run(state, stream)
    except (Problem, LogError) as error:
        _failed(move, Item(run=stream), error)
        return
    for role in sorted(role for role, who in run.roles.items() if who == move.owner):
        await _one_role(move, stream, role)
    state = await asyncio.to_thread(move.call.services.app.load, RUNS, stream)
    for step, now in known_run(state, stream).steps.items():
        if now.assignee == move.owner and (now.is_open or now.state == "locked"):
            await _one_step(move, stream, step)


async def _one_role(move: Move, stream: UUID, role: RoleKey) -> None:
    def decide(run: Run, **told: Any) -> Sequence[Event]:
        return assign_role(run, role=role, assignee=move.to, reason=move.reason, **told)

    await _on_run(move, stream, Item(run=stream, role=role), decide)


async def _one_step(move: Move, stream: UUID, step: StepKey) -> None:
    def decide(run: Run, **told: Any) -> Sequence[Event]:
        return assign_step(run, step=step, assignee=move.to, reason=move.reason, **told)

    await _on_run(move, stream, Item(run=stream, step=step), decide)


async def _on_run(move: Move, stream: UUID, what: Item, decision: Any) -> None:
    services = move.call.services
    meta = dict(move.call.caller.meta)

    def decide(state: Run | None) -> Sequence[Event]:
        run = known_run(state, stream)
        definition = services.app.definition(run.process, run.process_version)
        meta.update(process=run.process, process_version=run.process_version)
        found: Sequence[Event] = decision(
            run,
            definition=definition,
            by=move.call.caller.actor,
            at=services.clock(),
            directory=move.directory,
        )
        return found

    await _carry_out(move, RUNS, stream, what, decide, meta)


async def _task(move: Move, stream: UUID) -> None:
    def decide(state: tasks.Task | None) -> Sequence[Event]:
        task = known_task(state, stream)
        if task.assignee != move.owner:
            return []
        return tasks.assign(
            task,
            move.to,
            move.reason,
            by=move.call.caller.actor,
            at=move.call.services.clock(),
            directory=move.directory,
        )

    await _carry_out(move, TASKS, stream, Item(task=stream), decide, dict(move.call.caller.meta))


async def _carry_out(
    move: Move, aggregate: Any, stream: UUID, what: Item, decide: Any, meta: dict[str, Any]
) -> None:
    try:
        outcome = await move.call.services.app.execute_async(aggregate, stream, decide, meta=meta)
    except (Rejected, Problem, LogError) as error:
        _failed(move, what, error)
        return
    if outcome.events:
        steps = tuple(event.step for event in outcome.events if isinstance(event, StepAssigned))
        move.told.moved.append(replace(what, steps=steps if what.role else ()))
        move.told.position = max(move.told.position, outcome.position)


def _failed(move: Move, what: Item, error: Exception) -> None:
    code = error.code if isinstance(error, (Rejected, Problem)) else "conflict"
    detail = error.detail if isinstance(error, Rejected) else str(error)
    move.told.failed.append(replace(what, code=code, detail=detail))


def _answer(move: Move, left: int) -> Response:
    told = move.told
    moved, failed = (tuple(sorted(items, key=str)) for items in (told.moved, told.failed))
    body = HandedOver(move.owner, move.to, moved, failed, left, told.position)
    headers = {"Milepost-Position": str(told.position)} if told.position else {}
    return to_json(body, headers)
