"""Brings somebody into the directory who is given a way in before anybody could add them: the first of a house."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from application.milepost import Milepost
from domain.directory import EMPTY
from domain.events import Event
from domain.person import PERSON, Person, add_person
from domain.words import MACHINE, Actor, person_stream
from store.log import Log


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
