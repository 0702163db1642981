"""What can be asked of rights: grant and withdraw roles of the house, name and dismiss who acts for somebody.

Each raises Rejected, with what would be accepted, where a rule says no.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection

from application.asked import Asked
from application.blocking import wait_for
from application.found import PEOPLE, PROCESSES, RIGHTS, known_process
from application.milepost import Milepost, Outcome
from application.refused import Refused
from application.rights.gate import Check, Unmoved
from application.rights.subjects import OfPerson
from domain import rights
from domain.events import AnyRightsEvent, HouseRole, HouseRoleGranted
from domain.person import Person
from domain.rights import Rights
from domain.words import Assignee, person_stream, process_stream, rights_stream

Done = Outcome[AnyRightsEvent]

_GRANTED = "select distinct stream from log.event where type = %s"


async def grant_house_role(
    app: Milepost,
    holder: Assignee,
    asked: Asked,
    *,
    role: HouseRole,
    reason: str,
    process: str | None = None,
    until: datetime | None = None,
) -> Done:
    """Let somebody do what a role of the house allows. Refused: no such process, or in another's name."""
    if process is not None:
        known_process(await wait_for(lambda: app.load(PROCESSES, process_stream(process))), process)
    house = await app.directories.now()
    return await app.act(RIGHTS, rights_stream(holder), lambda known: rights.grant_house_role(
        known, holder, role, reason, process=process, until=until, by=asked.by, at=asked.at, directory=house
    ), asked, check=_in_own_name(app, "granting.grant_house_role", asked, holder))  # fmt: skip


async def withdraw_house_role(
    app: Milepost,
    holder: Assignee,
    asked: Asked,
    *,
    role: HouseRole,
    reason: str,
    process: str | None = None,
) -> Done:
    """Take a role of the house away; Rejected where nobody would be left as administrator."""
    others = OtherAdministrators(app, holder, asked.at)

    def decide(known: Rights | None) -> Sequence[AnyRightsEvent]:
        events = rights.withdraw_house_role(
            known, holder, role, reason, process=process, by=asked.by, at=asked.at
        )
        if events and role == "administrator":
            rights.must_be_left(others.left)
        return events

    return await app.act(
        RIGHTS, rights_stream(holder), decide, asked, beside=others if role == "administrator" else None,
        check=_in_own_name(app, "granting.withdraw_house_role", asked, holder),
    )  # fmt: skip


async def name_deputy(
    app: Milepost, holder: Assignee, asked: Asked, *, deputy: Assignee, until: datetime, reason: str
) -> Done:
    """Let somebody act in the holder's name for a time."""
    house = await app.directories.now()
    return await app.act(RIGHTS, rights_stream(holder), lambda known: rights.name_deputy(
        known, holder, deputy, until, reason, by=asked.by, at=asked.at, directory=house
    ), asked, check=_in_own_name(app, "granting.name_deputy", asked, holder))  # fmt: skip


async def dismiss_deputy(
    app: Milepost, holder: Assignee, asked: Asked, *, deputy: Assignee, reason: str
) -> Done:
    """Let somebody act in the holder's name no longer."""
    return await app.act(RIGHTS, rights_stream(holder), lambda known: rights.dismiss_deputy(
        known, holder, deputy, reason, by=asked.by, at=asked.at
    ), asked, check=_in_own_name(app, "granting.dismiss_deputy", asked, holder))  # fmt: skip


def _in_own_name(app: Milepost, function: str, asked: Asked, holder: Assignee) -> Check:
    """Whether it may be asked for, and is by whoever authenticated: a deputy hands no right on that is another's."""
    may = app.gate.on(function, asked, OfPerson(holder))

    async def check(state: Any, fresh: bool) -> Unmoved:
        acting = asked.meta.get("authenticated_by")
        if acting is not None:
            detail = f"nobody grants or withdraws rights in another's name; {acting} acts for {asked.by}"
            raise Refused("not_allowed", detail, accepted=["your own name"])
        return await may(state, fresh)

    return check


class OtherAdministrators:
    """Whether somebody else who is here is administrator for good; what that rests on does not move meanwhile.

    ``is_one``: whether the holder is administrator.
    """

    def __init__(self, app: Milepost, holder: Assignee, at: datetime) -> None:
        self._app, self._own, self._at = app, rights_stream(holder), at
        self.left = self.is_one = False

    def read(self) -> Mapping[UUID, int]:
        """Look for one; the answer is at which version their rights are, they themselves, and the holder's rights."""
        own = self._app.newest(RIGHTS, self._own)
        self.left, self.is_one = False, own.state is not None and own.state.has("administrator", self._at)
        for stream in self._app.started_log.ask(_granted):
            if stream == self._own:
                continue
            found = self._app.newest(RIGHTS, stream)
            known: Rights = found.state
            kind, _, key = (known.holder or "").partition(":")
            if kind != "person" or not known.is_for_good("administrator"):
                continue
            somebody = self._app.newest(PEOPLE, person_stream(key))
            if isinstance(somebody.state, Person) and somebody.state.active:
                self.left = True
                return {self._own: own.version, stream: found.version, somebody.id: somebody.version}
        return {self._own: own.version}


def _granted(connection: Connection[tuple[UUID]]) -> list[UUID]:
    return [stream for (stream,) in connection.execute(_GRANTED, [HouseRoleGranted.type])]
