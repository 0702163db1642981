"""What somebody may do and why: roles of the house, projects, roles in runs under way, and deputies.

Where to look for projects and runs is what the read models know; what somebody is there, since when and by whom, is
what the log holds at this moment. What was taken away is never told; what is seconds old may be missing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from psycopg import Connection

from application.asked import Asked
from application.blocking import wait_for
from application.found import PROJECTS, RIGHTS, RUNS
from application.milepost import Milepost
from application.refused import Refused
from application.rights.subjects import OfHouse, OfPerson, OfProject, OfRun
from domain.directory import Directory
from domain.events import (
    DeputyNamed,
    Event,
    HouseRole,
    HouseRoleGranted,
    ProjectMemberAdded,
    ProjectOpened,
    RoleAssigned,
    RunStarted,
)
from domain.project import Access, Project
from domain.rights import Grant, Rights
from domain.run import Run
from domain.words import Actor, Assignee, RoleKey, rights_stream
from projections.people.queries import held_by
from projections.visible import projects_of
from store.mapper import to_event

MOST_RUNS = 100
"""So many runs are told of at most; ``more_runs`` says how many there are beyond."""
_SEES_ALL = frozenset({"self", "auditor", "administrator"})
"""To whom all of it is shown; to a manager only what they see themselves."""
_GRANTED = "select distinct stream from log.event where type = %s"
_NAMED = "select distinct stream from log.event where stream = any(%s) and type = %s"


@dataclass(frozen=True, slots=True)
class HeldRole:
    """A role of the house: since when, until when (null: until it is withdrawn), by whom and why."""

    holder: Assignee
    role: HouseRole
    process: str | None
    since: datetime
    until: datetime | None
    by: Actor | None
    reason: str


@dataclass(frozen=True, slots=True)
class HeldProject:
    """A project that somebody owns or is in; ``through``: the group by which they are."""

    project: UUID
    name: str
    access: Literal["owner", "viewer", "member", "manager"]
    through: Assignee | None
    since: datetime
    by: Actor | None


@dataclass(frozen=True, slots=True)
class HeldRunRole:
    """A role that somebody fills in a run under way."""

    run: UUID
    name: str
    role: RoleKey
    title: str
    since: datetime
    by: Actor | None


@dataclass(frozen=True, slots=True)
class HeldDeputy:
    """``deputy`` acts in the name of ``holder``: since when, until when, by whom and why."""

    holder: Assignee
    deputy: Assignee
    since: datetime
    until: datetime | None
    by: Actor | None
    reason: str


@dataclass(frozen=True, slots=True)
class RightsOf:
    """What somebody may do and why. ``acts_for``: those whose deputy they are."""

    holder: Assignee
    roles: tuple[HeldRole, ...]
    projects: tuple[HeldProject, ...]
    runs: tuple[HeldRunRole, ...]
    more_runs: int
    deputies: tuple[HeldDeputy, ...]
    acts_for: tuple[HeldDeputy, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing is theirs but what everybody may."""
        return not (self.roles or self.projects or self.runs or self.deputies or self.acts_for)


@dataclass(frozen=True, slots=True)
class RightsOfHouse:
    """Who has which role of the house now."""

    rows: tuple[HeldRole, ...]


async def may_see_rights(app: Milepost, holder: Assignee, asked: Asked) -> bool:
    """Whether somebody's rights may be shown to whoever asks: themselves, their manager, administrators, auditors."""
    return await app.gate.may_read("rights", asked, OfPerson(holder))


async def rights_of(app: Milepost, holder: Assignee, asked: Asked) -> RightsOf:
    """What a person or a service may do and why. Refused: nobody has the key, or it is not for whoever asks."""
    if not await may_see_rights(app, holder, asked):
        raise _not_for("what somebody may do", ["self", "manager", "auditor", "administrator"])
    house = await app.directories.now()
    sees_all = not _SEES_ALL.isdisjoint(await app.gate.relations(asked, OfPerson(holder)))
    is_person = holder.startswith("person:")
    if is_person and holder not in house.people:
        key = holder.partition(":")[2]
        raise Refused("unknown_person", f"there is no person {key}")
    known = await wait_for(lambda: app.load(RIGHTS, rights_stream(holder)))
    projects = [each async for each in _projects(app, holder, asked, house, sees_all=sees_all)]
    runs, more = await _runs(app, holder, asked, sees_all=sees_all)
    return RightsOf(
        holder,
        tuple(_roles(known, asked.at)),
        tuple(sorted(projects, key=lambda each: (each.name, str(each.project)))),
        tuple(runs),
        more,
        tuple(_deputies(known, asked.at)),
        tuple(await _acts_for(app, holder, asked, house) if is_person else ()),
    )


async def rights_of_house(app: Milepost, asked: Asked) -> RightsOfHouse:
    """Who has which role of the house now. Refused for who is neither administrator nor auditor."""
    if not await app.gate.may_read("rights", asked, OfHouse()):
        raise _not_for("who has which role of the house", ["auditor", "administrator"])
    streams = await app.ask(lambda connection: _streams(connection, _GRANTED, [HouseRoleGranted.type]))
    states = await _states(app, streams)
    rows = [row for state in states for row in _roles(state, asked.at)]
    return RightsOfHouse(tuple(sorted(rows, key=lambda row: (row.role, row.holder, row.process or ""))))


def _roles(known: Rights | None, at: datetime) -> Iterator[HeldRole]:
    if known is None or known.holder is None:
        return
    for (role, process), grant in sorted(known.in_force(at).items(), key=str):
        yield HeldRole(known.holder, role, process, grant.since, grant.until, grant.by, grant.reason)


def _deputies(known: Rights | None, at: datetime) -> Iterator[HeldDeputy]:
    if known is None or known.holder is None:
        return
    for deputy, grant in sorted(known.deputies.items()):
        if grant.holds(at):
            yield _deputy(known.holder, deputy, grant)


def _deputy(holder: Assignee, deputy: Assignee, grant: Grant) -> HeldDeputy:
    return HeldDeputy(holder, deputy, grant.since, grant.until, grant.by, grant.reason)


async def _acts_for(app: Milepost, who: Assignee, asked: Asked, house: Directory) -> list[HeldDeputy]:
    streams = [rights_stream(each) for each, _ in house.named("person")]
    named = await app.ask(lambda connection: _streams(connection, _NAMED, [streams, DeputyNamed.type]))
    states = await _states(app, named)
    found = [each for state in states for each in _deputies(state, asked.at) if each.deputy == who]
    return sorted(found, key=lambda each: each.holder)


async def _projects(
    app: Milepost, who: Assignee, asked: Asked, house: Directory, *, sees_all: bool
) -> AsyncIterator[HeldProject]:
    groups = [each for each, _ in house.named("group") if house.is_member(who, each)]
    names = [who, *groups]
    maybe = await app.ask(lambda connection: projects_of(connection, names))
    pasts = await wait_for(lambda: app.started_log.read_streams(maybe))
    for id_, past in pasts.items():
        events = [to_event(each) for each in past]
        state: Project | None = PROJECTS.fold(events, None)
        if state is None:
            continue
        if not (sees_all or await app.gate.may_read("project", asked, OfProject(id_, state))):
            continue
        if state.owner in names:
            opened = next(each for each in events if isinstance(each, ProjectOpened))
            yield HeldProject(id_, state.name, "owner", _through(state.owner, who), opened.at, opened.by)
        for member, access in state.members.items():
            if member in names:
                added = _added(events, member, access)
                yield HeldProject(id_, state.name, access, _through(member, who), added.at, added.by)


def _through(named: Assignee | None, who: Assignee) -> Assignee | None:
    return None if named == who else named


def _added(events: Sequence[Event], member: Assignee, access: Access) -> Event:
    return next(
        each
        for each in reversed(events)
        if isinstance(each, ProjectMemberAdded) and (each.member, each.access) == (member, access)
    )


async def _runs(
    app: Milepost, who: Assignee, asked: Asked, *, sees_all: bool
) -> tuple[list[HeldRunRole], int]:
    maybe, _ = await app.ask(lambda connection: held_by(connection, who))
    pasts = await wait_for(lambda: app.started_log.read_streams(maybe[:MOST_RUNS]))
    found: list[HeldRunRole] = []
    for id_ in maybe[:MOST_RUNS]:
        events = [to_event(each) for each in pasts.get(id_, ())]
        state: Run | None = RUNS.fold(events, None)
        if state is None or not (sees_all or await _sees(app, asked, id_, state)):
            continue
        titles = app.definition(state.process, state.process_version).roles
        for role in [role for role, holder in state.roles.items() if holder == who]:
            since = _assigned(events, role, who)
            title = titles[role].title if role in titles else role
            found.append(HeldRunRole(id_, state.name, role, title, since.at, since.by))
    return found, max(0, len(maybe) - MOST_RUNS)


async def _sees(app: Milepost, asked: Asked, id_: UUID, run: Run) -> bool:
    return await app.gate.may_read("run", asked, OfRun(id_, run, app.versions(run)))


def _assigned(events: Sequence[Event], role: RoleKey, who: Assignee) -> Event:
    """What gave them the role last; the start of the run where nothing else says so."""
    for each in reversed(events):
        if isinstance(each, RoleAssigned) and (each.role, each.assignee) == (role, who):
            return each
    return next(each for each in events if isinstance(each, RunStarted))


async def _states(app: Milepost, streams: Sequence[UUID]) -> list[Rights | None]:
    """As the log has them now, by one question."""
    pasts = await wait_for(lambda: app.started_log.read_streams(streams))
    return [RIGHTS.fold(map(to_event, past), None) for past in pasts.values()]


def _streams(connection: Connection[Any], statement: Any, asked: Sequence[Any]) -> list[UUID]:
    return [stream for (stream,) in connection.execute(statement, asked)]


def _not_for(what: str, accepted: Collection[str]) -> Refused:
    return Refused("not_allowed", f"{what} is for: {', '.join(accepted)}", accepted=list(accepted))
