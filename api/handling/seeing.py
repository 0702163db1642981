"""What a caller sees: of lists, by what concerns them; of one run, task or project, by the log as it is now.

Lists come from read models, which may be behind. What concerns somebody is therefore looked up there, and then asked of
the log wherever that went on since: who was taken out of something does not see it in the next answer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Literal, NamedTuple, get_args
from uuid import UUID

from fastapi import Request
from psycopg import Connection
from starlette.concurrency import run_in_threadpool

from api.access.guard import Caller, caller_of
from api.handling.services import Services, asked_by
from application.asked import Asked
from application.found import PROJECTS, RUNS, TASKS
from application.refused import Refused, not_there
from application.rights.subjects import InProject, OfHouse, OfRun, OfTask
from domain.aggregate import Aggregate
from domain.events import EVENT_TYPES
from domain.project import Project
from domain.run import Run
from domain.task import Task
from projections.visible import EVERYTHING, Visible, cards_of, moved_since, places_of, projects_of
from store.log import Recorded

Kind = Literal["run", "task", "project"]


async def visible_to(request: Request) -> Visible:
    """What whoever makes this request sees of lists."""
    services: Services = request.app.state.services
    return await visible_of(services, caller_of(request))


async def visible_of(services: Services, caller: Caller) -> Visible:
    """The same, of a caller."""
    gate, asked = services.app.gate, asked_by(services, caller)
    in_house = await gate.relations(asked, OfHouse())
    if gate.opens("project", in_house) and gate.opens("task", in_house):
        return EVERYTHING
    house = await services.directories.now()
    groups = (each for each, _ in house.named("group") if house.is_member(caller.actor, each))
    found = await services.read(lambda connection: _concerning(connection, [str(caller.actor), *groups]))
    gone = {each for each in found.moved if not await _is_seen(services, asked, each)}
    owned = await gate.processes_owned(asked)
    return Visible(
        projects=frozenset([each for each in found.projects if await _is_seen(services, asked, each)]),
        cards=frozenset(found.cards) - gone,
        processes=frozenset(process for process in owned if process is not None),
        every_run=None in owned,
    )


class _Concerning(NamedTuple):
    """Projects and cards, by the read models; ``moved`` are those cards that went on since."""

    projects: Collection[UUID]
    cards: Collection[UUID]
    moved: Collection[UUID]


def _concerning(connection: Connection[Any], names: Collection[str]) -> _Concerning:
    cards = cards_of(connection, names)
    return _Concerning(projects_of(connection, names), cards, moved_since(connection, cards))


async def must_see(services: Services, caller: Caller, kind: Kind, id_: UUID) -> None:
    """Refused as unknown where the caller does not see it. What was never there is left to whoever looks for it."""
    if not await _is_seen(services, asked_by(services, caller), id_, kind):
        raise not_there(kind, id_)


async def _is_seen(services: Services, asked: Asked, id_: UUID, kind: Kind | None = None) -> bool:
    """Whether the log as it is now lets whoever asks see this run, task or project."""
    gate = services.app.gate
    for each in get_args(Kind) if kind is None else (kind,):
        state = await _state(services, each, id_)
        match state:
            case Run():
                versions = await run_in_threadpool(services.app.versions, state)
                return await gate.may_read("run", asked, OfRun(id_, state, versions))
            case Task():
                return await gate.may_read("task", asked, OfTask(id_, state))
            case Project():
                return await gate.may_read("project", asked, InProject(id_))
            case _:
                pass
    return True


async def _state(services: Services, kind: Kind, id_: UUID) -> Any:
    """What it is now; None where there is no such thing, or where it is something else."""
    try:
        return (await services.app.seen(_AGGREGATES[kind], id_, fresh=True)).state
    except Refused:
        return None


_AGGREGATES: Mapping[Kind, Aggregate[Any]] = {"run": RUNS, "task": TASKS, "project": PROJECTS}


async def events_seen(
    services: Services, caller: Caller, visible: Visible, rows: Iterable[Recorded]
) -> list[Recorded]:
    """Those of the stored events that are told to a caller: of runs, tasks and projects that they see.

    What somebody may do, and which views they saved, is told to who sees everything.
    """
    rows = list(rows)
    if visible.everything:
        return rows
    of_cards = {row.stream for row in rows if _aggregate(row) in ("run", "task")}
    places = await services.read(lambda connection: places_of(connection, of_cards))
    asked = asked_by(services, caller)
    shown = {stream: visible.shows(*place) for stream, place in places.items()}
    for stream in of_cards - shown.keys():
        shown[stream] = await _is_seen(services, asked, stream)
    return [row for row in rows if _is_told(row, shown, visible)]


def _is_told(row: Recorded, shown: Mapping[UUID, bool], visible: Visible) -> bool:
    match _aggregate(row):
        case "run" | "task":
            return shown[row.stream]
        case "project":
            return row.stream in visible.projects
        case "rights" | "view" | None:
            return False
        case _:
            return True


def _aggregate(row: Recorded) -> str | None:
    known = EVENT_TYPES.get(row.type)
    return None if known is None else known.aggregate
