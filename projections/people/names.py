"""What people and groups are called: as the directory says, else as their key sounds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from domain.naming import spoken
from projections.asking import Conn
from projections.statements import ask, statements

_SQL = statements("people/names")


class _Name(NamedTuple):
    """What somebody, or a group, is called."""

    who: str
    name: str


def names_of(connection: Conn, people: Iterable[str]) -> dict[str, str]:
    """The names of those whom the directory knows."""
    asked = sorted(set(people))
    return dict(ask(connection, _SQL["names_of"], _Name, people=asked)) if asked else {}


def called(who: str | None, names: Mapping[str, str]) -> str:
    """Somebody by name."""
    return names.get(who or "") or spoken(who)
