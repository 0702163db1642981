"""Old stored events made new: each stored version is lifted step by step to the one the code knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from domain.events import EVENT_TYPES

Lift = Callable[[dict[str, Any]], dict[str, Any]]

LIFTS: Mapping[tuple[str, int], Lift] = {}
"""(event type, stored version) -> how its data becomes data of the next version. A lift is never removed."""


class UnknownEvent(Exception):
    """The log holds an event that this release does not know: an older release reads a newer log."""


def upcast(type: str, schema_version: int, data: dict[str, Any]) -> dict[str, Any]:  # noqa: A002 - a stored column
    """Data of the event type's newest version, from data stored at ``schema_version``.

    Raises UnknownEvent where the type or the version is not known, or a lift is missing.
    """
    newest = _newest(type)
    if schema_version > newest:
        raise UnknownEvent(
            f"{type} version {schema_version} is newer than version {newest}, the last one known here"
        )
    for version in range(schema_version, newest):
        lift = LIFTS.get((type, version))
        if lift is None:
            raise UnknownEvent(f"nothing lifts {type} from version {version}")
        data = lift(data)
    return data


def _newest(name: str) -> int:
    event = EVENT_TYPES.get(name)
    if event is None:
        raise UnknownEvent(f"no event type is called {name!r}")
    return event.schema_version
