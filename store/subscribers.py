"""The services that read our messages at the broker, as they were added: what their consumers are made from."""

from __future__ import annotations

from typing import Any, NamedTuple

from psycopg import Connection

_EVERY = "select name, subjects, from_start from log.subscriber order by name"
_ADD = """
insert into log.subscriber (name, subjects, from_start) values (%s, %s, %s) on conflict (name) do nothing
"""
_REMOVE = "delete from log.subscriber where name = %s"


class Subscriber(NamedTuple):
    """A service that reads the messages of these subjects, from the first that is kept or from when it was added."""

    name: str
    subjects: tuple[str, ...]
    from_start: bool = False


def every(connection: Connection[Any]) -> list[Subscriber]:
    """All of them, by name."""
    rows = connection.execute(_EVERY)
    return [Subscriber(name, tuple(subjects), from_start) for name, subjects, from_start in rows]


def add(connection: Connection[Any], subscriber: Subscriber) -> bool:
    """Write one down; False when there is one of this name."""
    told = [subscriber.name, list(subscriber.subjects), subscriber.from_start]
    return connection.execute(_ADD, told).rowcount == 1


def remove(connection: Connection[Any], name: str) -> bool:
    """Take one away; False when there is none of this name."""
    return connection.execute(_REMOVE, [name]).rowcount == 1
