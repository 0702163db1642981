"""The gate that every function of the application asks first: may this be asked for, by whoever asks for it?

It looks at what is strongly consistent: at the states that the log gives. What a right rests on besides (the project,
the holder's own rights) is told to the log, which stores the events only while that has not moved.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from application.asked import Asked
from application.directory import Directories
from application.folding import Loaded
from application.found import PROJECTS, RIGHTS
from application.refused import Refused, not_there
from application.rights.matrix import FUNCTIONS, READS, Allowed
from application.rights.subjects import OfHouse, Subject
from domain.aggregate import Aggregate
from domain.directory import EMPTY
from domain.project import Project
from domain.relations import OF_HOUSE, OF_PROJECT, Relation, by_house_roles, to_project
from domain.rights import Rights
from domain.words import Actor, rights_stream

_CEILING: Mapping[Relation, str] = {"administrator": "admin", "process_owner": "manage"}
"""The scope that a token needs besides, for a right of its owner to count."""
_TAKES: frozenset[Relation] = frozenset({
    "participant", "initiator", "project_member", "process_owner", "administrator"
})  # fmt: skip
"""Who does a step that is nobody's: whoever works in the run or its project, or looks after it."""

Unmoved = Mapping[UUID, int]
"""Streams that a right rests on, and the versions at which they were looked at."""

Check = Callable[[Any, bool], Awaitable[Unmoved]]
"""Whether something may be asked for, by the state of its stream; that state is the newest (True) or as it was known.

Raises Refused; the answer is what the right rests on.
"""


class States(Protocol):
    """Where the gate looks: the application."""

    directories: Directories

    async def seen(self, aggregate: Aggregate[Any], stream: UUID, *, fresh: bool) -> Loaded:
        """The stream as it is known, or as the log has it now where it has to be ``fresh`` or is not known."""


class Gate:
    """Who may ask for what, by the matrix and the log."""

    def __init__(self, states: States) -> None:
        self._states = states

    async def must(self, function: str, asked: Asked, subject: Subject, *, fresh: bool = True) -> Unmoved:
        """What the right to ask for this rests on, beside what it is about. Refused for who has none.

        Refused as if there were no such thing for who may not even see it.
        """
        if _is_machine(asked) or asked.cleared:
            return {}
        allowed = FUNCTIONS[function]
        unmoved = await self._rests_on(allowed, asked, subject, fresh)
        if unmoved is not None:
            return unmoved
        if fresh and not await self.may_read(subject.word, asked, subject):
            raise _not_there(subject)
        raise _not_allowed(function, allowed, subject)

    def on(self, function: str, asked: Asked, subject: Subject) -> Check:
        """The same, of something whose rights do not follow from its own state."""

        async def check(_: Any, fresh: bool) -> Unmoved:
            return await self.must(function, asked, subject, fresh=fresh)

        return check

    async def may_read(self, what: str, asked: Asked, subject: Subject) -> bool:
        """Whether this may be shown to whoever asks, as the log is now. What no row names is for everybody here."""
        if _is_machine(asked) or what not in READS:
            return True
        return await self._rests_on(READS[what], asked, subject, fresh=True) is not None

    def allows(self, function: str, relations: Collection[Relation], *, sealed: bool = False) -> bool:
        """Whether who stands like this may ask for it, of something that is ``sealed`` or not."""
        return bool(_open_to(FUNCTIONS[function], relations, sealed=sealed) & frozenset(relations))

    def opens(self, what: str, relations: Collection[Relation]) -> bool:
        """Whether who stands like this sees it."""
        return not READS[what].by.isdisjoint(relations)

    async def relations(self, asked: Asked, subject: Subject) -> frozenset[Relation]:
        """All that somebody is to it, as the log is now."""
        found = set(await self._own(asked, subject))
        if subject.project is not None:
            found |= (await self._in_project(asked, subject, fresh=True))[0]
        found |= (await self._in_house(asked, subject, fresh=True))[0]
        return frozenset(found)

    async def processes_owned(self, asked: Asked) -> frozenset[str | None]:
        """The processes that whoever asks looks after, as far as their scopes let that count (None: all of them)."""
        known = await self._states.seen(RIGHTS, rights_stream(asked.by), fresh=True)
        state: Rights | None = known.state
        if state is None or asked.held is not None or _CEILING["process_owner"] not in asked.scopes:
            return frozenset()
        return frozenset(process for role, process in state.in_force(asked.at) if role == "process_owner")

    async def administers(self, asked: Asked) -> bool:
        """Whether whoever asks administers the house, or is the machine."""
        return _is_machine(asked) or "administrator" in await self.relations(asked, OfHouse())

    async def scopes_in_force(
        self, actor: Actor, scopes: Collection[str], at: datetime, *, session: bool
    ) -> frozenset[str]:
        """What a token, or a session, opens now: ``admin`` only while its owner is administrator.

        An administrator who has signed in has it without being told so at the time.
        """
        known = await self._states.seen(RIGHTS, rights_stream(actor), fresh=True)
        found = by_house_roles(known.state, None, at)
        if "administrator" not in found:
            return frozenset(scopes) - {"admin"}
        return frozenset({*scopes, "manage", "admin"} if session else scopes)

    async def is_deputy(self, who: Actor, of: Actor, at: datetime) -> bool:
        """Whether somebody may act in another's name, as the log is now."""
        known = await self._states.seen(RIGHTS, rights_stream(of), fresh=True)
        return isinstance(known.state, Rights) and known.state.lets(who, at)

    async def _rests_on(
        self, allowed: Allowed, asked: Asked, subject: Subject, fresh: bool
    ) -> Unmoved | None:
        """The nearest first: what it is about, its project, the house. None for nobody who may."""
        own = await self._own(asked, subject)
        open_to = _open_to(allowed, own, sealed=subject.sealed)
        if own & open_to:
            return {}
        if subject.project is not None and open_to & OF_PROJECT:
            found, unmoved = await self._in_project(asked, subject, fresh)
            if found & open_to:
                return unmoved
        if open_to & OF_HOUSE:
            found, unmoved = await self._in_house(asked, subject, fresh)
            if found & open_to:
                return unmoved
        return None

    async def _own(self, asked: Asked, subject: Subject) -> frozenset[Relation]:
        house = await self._states.directories.now() if subject.asks_house else EMPTY
        held: set[Relation] = {"anybody"} if asked.held is None else {"guest"}
        if asked.held is not None:
            return frozenset(held)
        if "scim" in asked.scopes and asked.by.startswith("service:"):
            held.add("directory")
        return frozenset(held | subject.own(asked.by, house))

    async def _in_project(
        self, asked: Asked, subject: Subject, fresh: bool
    ) -> tuple[frozenset[Relation], Unmoved]:
        assert subject.project is not None
        known = await self._states.seen(PROJECTS, subject.project, fresh=fresh)
        if not isinstance(known.state, Project) or asked.held is not None:
            return frozenset(), {}
        house = await self._states.directories.now() if _has_groups(known.state) else EMPTY
        return frozenset(to_project(asked.by, known.state, house)), {subject.project: known.version}

    async def _in_house(
        self, asked: Asked, subject: Subject, fresh: bool
    ) -> tuple[frozenset[Relation], Unmoved]:
        if asked.held is not None:
            return frozenset(), {}
        stream = rights_stream(asked.by)
        known = await self._states.seen(RIGHTS, stream, fresh=fresh)
        state: Rights | None = known.state
        found = by_house_roles(state, subject.process, asked.at)
        counting = frozenset(each for each in found if each not in _CEILING or _CEILING[each] in asked.scopes)
        return counting, {stream: known.version}


def _open_to(allowed: Allowed, own: Collection[Relation], *, sealed: bool) -> frozenset[Relation]:
    """Who may, once it is known what somebody is to the thing itself."""
    open_to = allowed.by if sealed else allowed.by | allowed.unsealed
    if "taker" in own and "taker" in open_to:
        open_to |= _TAKES
    return open_to - {"taker"}


def _has_groups(project: Project) -> bool:
    return any(each is not None and each.startswith("group:") for each in (project.owner, *project.members))


def _is_machine(asked: Asked) -> bool:
    return asked.by.startswith("system:")


def _not_there(subject: Subject) -> Refused:
    return not_there(subject.word, subject.name)


def _not_allowed(function: str, allowed: Allowed, subject: Subject) -> Refused:
    accepted = sorted((allowed.by if subject.sealed else allowed.by | allowed.unsealed) - {"guest"})
    who = ", ".join(each.replace("_", " ") for each in accepted) or "nobody but Milepost itself"
    return Refused(
        "not_allowed", f"{function.partition('.')[2].replace('_', ' ')} is for: {who}", accepted=accepted
    )
