"""Hands everything that is somebody's to somebody else: roles in runs under way, open steps, open tasks.

Each run and each task is asked on its own, so whatever a rule refuses stays where it is and is named with the reason.
Asking again goes on where it ended, and changes nothing that has moved already.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from application import runs, steps
from application.asked import Asked
from application.blocking import wait_for
from application.found import PEOPLE, RUNS, TASKS, known_person, known_run, known_task
from application.milepost import Milepost, Outcome
from application.rights.subjects import OfPerson
from domain import person as people
from domain import task as tasks
from domain.events import AnyTaskEvent, Event, StepAssigned
from domain.run import Run
from domain.words import Assignee, Rejected, RoleKey, StepKey, person_stream
from projections.people.queries import held_by
from store.errors import LogError

MOST = 500
"""How many runs and tasks one request moves at most; ``left`` says how many there are beyond."""
_AT_ONCE = 16


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


@dataclass(slots=True)
class Moved:
    """What became of it: what moved, what did not and why, how many are left, and the newest position."""

    moved: list[Item] = field(default_factory=list)
    failed: list[Item] = field(default_factory=list)
    left: int = 0
    position: int = 0


@dataclass(frozen=True, slots=True)
class _Move:
    """From whom to whom, why, and who says so."""

    app: Milepost
    owner: Assignee
    to: Assignee
    reason: str
    asked: Asked
    told: Moved = field(default_factory=Moved)


async def hand_over(app: Milepost, key: str, asked: Asked, *, to: Assignee, reason: str) -> Moved:
    """Move the roles, steps and tasks of the person with this key. Refused: nobody has it; Rejected: not to them."""
    owner, stream = Assignee(f"person:{key}"), person_stream(key)
    await app.gate.must("handing_over.hand_over", asked, OfPerson(owner))
    house = await app.directories.now()
    person = known_person(await wait_for(lambda: app.load(PEOPLE, stream)), key)
    people.may_hand_over(person, to, reason, directory=house)
    move = _Move(app, owner, to, reason, replace(asked, command=None, expected_version=None, cleared=True))
    held_runs, held_tasks = await app.ask(lambda connection: held_by(connection, owner))
    work = [*((_run, run) for run in held_runs), *((_task, task) for task in held_tasks)]
    one_of_few = asyncio.Semaphore(_AT_ONCE)

    async def one(hand: Callable[[_Move, UUID], Awaitable[None]], held: UUID) -> None:
        async with one_of_few:
            await hand(move, held)

    await asyncio.gather(*(one(hand, held) for hand, held in work[:MOST]))
    move.told.left = max(0, len(work) - MOST)
    return move.told


async def _run(move: _Move, run: UUID) -> None:
    """First the roles, which take their open steps along, then every step that is still theirs."""
    try:
        known = await _known(move, run)
    except (Rejected, LogError) as error:
        _failed(move, Item(run=run), error)
        return
    for role in sorted(role for role, who in known.roles.items() if who == move.owner):
        given = runs.assign_role(
            move.app, run, move.asked, role=RoleKey(role), assignee=move.to, reason=move.reason
        )
        await _one(move, Item(run=run, role=role), given)
    for step, now in (await _known(move, run)).steps.items():
        if now.assignee == move.owner and (now.is_open or now.state == "locked"):
            given = steps.assign_step(
                move.app, run, StepKey(step), move.asked, assignee=move.to, reason=move.reason
            )
            await _one(move, Item(run=run, step=step), given)


async def _known(move: _Move, run: UUID) -> Run:
    return known_run(await wait_for(lambda: move.app.load(RUNS, run)), run)


async def _task(move: _Move, task: UUID) -> None:
    house, asked = await move.app.directories.recently(), move.asked

    def decide(state: tasks.Task | None) -> Sequence[AnyTaskEvent]:
        now = known_task(state, task)
        if now.assignee != move.owner:
            return []
        return tasks.assign(now, move.to, move.reason, by=asked.by, at=asked.at, directory=house)

    await _one(move, Item(task=task), move.app.act(TASKS, task, decide, asked, check=None))


async def _one(move: _Move, what: Item, work: Awaitable[Outcome[Event]]) -> None:
    try:
        outcome = await work
    except (Rejected, LogError) as error:
        _failed(move, what, error)
        return
    if outcome.events:
        with_it = tuple(event.step for event in outcome.events if isinstance(event, StepAssigned))
        move.told.moved.append(replace(what, steps=with_it if what.role else ()))
        move.told.position = max(move.told.position, outcome.position)


def _failed(move: _Move, what: Item, error: Exception) -> None:
    code = error.code if isinstance(error, Rejected) else "conflict"
    detail = error.detail if isinstance(error, Rejected) else str(error)
    move.told.failed.append(replace(what, code=code, detail=detail))
