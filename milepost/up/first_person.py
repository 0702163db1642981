"""Brings somebody into the directory who is given a way in before anybody could add them: the first of a house."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from psycopg import Connection

from application.asked import Asked
from application.blocking import finish
from application.granting import grant_house_role
from application.milepost import Milepost
from domain.directory import EMPTY
from domain.events import Event, HouseRole
from domain.person import PERSON, Person, add_person
from domain.words import MACHINE, Actor, Assignee, person_stream
from store.log import Log

_GRANTED = "select exists (select from log.event where type = 'house_role_granted')"
_HAD_ADMIN = """
select distinct actor from (
  select actor, scopes, expires_at, revoked_at from log.access_token
  union all select actor, scopes, expires_at, revoked_at from log.session) known
where 'admin' = any(scopes) and revoked_at is null and (expires_at is null or expires_at > clock_timestamp())
"""


def bring_in(log: Log, actor: Actor, name: str | None) -> Person | None:
    """The person behind ``person:KEY``; where nobody has the key they are added under this name, if one is given."""
    key = actor.partition(":")[2]

    def decide(person: Person | None) -> Sequence[Event]:
        if person is not None or name is None:
            return []
        return add_person(None, key, name, directory=EMPTY, by=MACHINE, at=datetime.now(UTC))

    app = Milepost(log)
    app.execute(PERSON, person_stream(key), decide)
    return app.load(PERSON, person_stream(key))


def appoint(log: Log, holder: Actor, role: HouseRole, reason: str) -> None:
    """Grant a role of the house in the machine's name: whoever may start Milepost may let anybody do anything."""
    app = Milepost(log)
    asked = Asked(MACHINE, datetime.now(UTC))
    finish(grant_house_role(app, Assignee(holder), asked, role=role, reason=reason))


def appoint_first(log: Log, owner: Actor) -> None:
    """Let the first person of a house, in which nobody was granted anything yet, administer it.

    In a house from before there were roles, whoever had the scope ``admin`` is administrator from now on.
    """
    if log.ask(_anybody):
        return
    house = finish(Milepost(log).directories.now())
    if house.is_active(owner):
        appoint(log, owner, "administrator", "The first person of this house")
    for actor in log.ask(_had_admin):
        if actor != owner and (actor.startswith("service:") or house.is_active(actor)):
            appoint(log, Actor(actor), "administrator", "Had the scope admin before there were roles")


def _anybody(connection: Connection[tuple[bool]]) -> bool:
    return connection.execute(_GRANTED).fetchone() == (True,)


def _had_admin(connection: Connection[tuple[str]]) -> list[str]:
    return [actor for (actor,) in connection.execute(_HAD_ADMIN)]
