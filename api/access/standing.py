"""Whether somebody is here still: read from the events of the person themselves, so never behind them."""

from __future__ import annotations

from typing import Any

from psycopg import Connection

from domain.events import PersonDeactivated, PersonReactivated
from domain.person import Standing
from domain.words import Actor, Rejected, person_stream

_LAST = """
select type, recorded_at from log.event
where stream = %s and type in ('person_deactivated', 'person_reactivated') order by version desc limit 2
"""


def standing(connection: Connection[Any], actor: Actor) -> Standing:
    """How somebody stands to the house now. Whom nobody added, and who is no person, was never sent away."""
    kind, _, key = actor.partition(":")
    if kind != "person":
        return Standing()
    last = connection.execute(_LAST, [person_stream(key)]).fetchall()
    here = not last or last[0][0] == PersonReactivated.type
    left_at = next((at for type_, at in last if type_ == PersonDeactivated.type), None)
    return Standing(here, left_at)


def is_here(connection: Connection[Any], actor: Actor) -> bool:
    """Whether anybody may act as this actor."""
    return standing(connection, actor).here


def must_be_here(connection: Connection[Any], actor: Actor) -> None:
    """Rejected("person_deactivated") when nothing may be granted to this actor any more."""
    if not is_here(connection, actor):
        detail = f"{actor} was deactivated: reactivate them first"
        raise Rejected("person_deactivated", detail, person=actor, accepted=["reactivate"])
