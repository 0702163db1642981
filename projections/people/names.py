"""What people and groups are called: as the directory says, else as their key sounds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from domain.naming import spoken
from projections.asking import Conn
from projections.engine.projection import blocks

_SQL = {name: text.encode() for name, text in blocks("people/queries").items()}


def names_of(connection: Conn, people: Iterable[str]) -> dict[str, str]:
    """The names of those whom the directory knows."""
    asked = sorted(set(people))
    return dict(connection.execute(_SQL["names_of"], {"people": asked}, prepare=True)) if asked else {}


def called(who: str | None, names: Mapping[str, str]) -> str:
    """Somebody by name."""
    return names.get(who or "") or spoken(who)
