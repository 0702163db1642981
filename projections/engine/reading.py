"""Reads spans of the log for projections: each event is decoded once, typed, and shared by all of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from psycopg import Connection
from pydantic import ValidationError

from domain.definition import Definition
from domain.events import EVENT_TYPES, Event
from domain.upcast import UnknownEvent, upcast
from domain.words import process_stream


class UnreadableEvent(Exception):
    """An event that is stored otherwise than its class says; what is wrong, and never the value."""

    def __init__(self, kind: str, error: ValidationError) -> None:
        wrong = (
            f"{'.'.join(map(str, one['loc']))}: {one['type']}" for one in error.errors(include_input=False)
        )
        super().__init__(f"{kind} cannot be read: {', '.join(wrong)}")


LogEvent = tuple[int, UUID, int, str, "Event | UnknownEvent | UnreadableEvent", "str | None", datetime]
"""(position, stream, version, type, the event of today or why it cannot be read, actor, occurred_at)"""

_COLUMNS = "position, stream, version, type, schema_version, data::text, meta ->> 'actor', occurred_at"
SPAN = f"select {_COLUMNS} from log.event where position > %s and position <= %s order by position"  # noqa: S608 - constants
PART = SPAN.replace("order by", "and get_byte(uuid_send(stream), 15) %% %s = %s order by")
STREAMS = f"""
select {_COLUMNS} from log.event where stream = any(%s) and position <= %s order by stream, version
"""  # noqa: S608 - constants
HEAD = "select position from log.head"
LOG = "select log from log.head"
VERSION = """
select data -> 'document' from log.event
where stream = %s and type = 'process_version_published' and (data ->> 'process_version')::int = %s
"""
DRAFT = """
select data -> 'document' from log.event
where stream = %s and version <= %s and type in ('process_draft_saved', 'process_version_published')
order by version desc limit 1
"""
_MOST_KEPT = 500
_KEPT: dict[tuple[Any, ...], Definition] = {}
_NEWEST = {name: event.schema_version for name, event in EVENT_TYPES.items()}
_READ = {name: event.__pydantic_validator__.validate_python for name, event in EVENT_TYPES.items()}
"""What makes events of decoded data: ``model_validate``, without looking it up a million times."""


class HoleInLog(Exception):
    """Fewer events than positions: the log is not whole, and nothing is applied."""


class UnknownDefinition(LookupError):
    """A run follows a process version that was never published."""


class Part(NamedTuple):
    """A share of the streams: those whose id's last byte leaves ``number`` when divided by ``of``."""

    number: int
    of: int

    @property
    def suffix(self) -> str:
        """What the name of a checkpoint of this part ends with."""
        return f"#{self.number}/{self.of}"


def read_part(connection: Connection[Any], after: int, upto: int, part: Part) -> list[LogEvent]:
    """The events of one share of the streams; whether the log is whole is for others to see."""
    asked = [after, upto, part.of, part.number]
    return decode(connection.execute(PART, asked, binary=True, prepare=True).fetchall())


def read_span(connection: Connection[Any], after: int, upto: int) -> list[LogEvent]:
    """All events above ``after`` up to ``upto``, in order; raises HoleInLog when one is missing."""
    rows = connection.execute(SPAN, [after, upto], binary=True, prepare=True).fetchall()
    if len(rows) != upto - after:
        raise HoleInLog(f"{upto - after} positions above {after} hold {len(rows)} events")
    return decode(rows)


def read_streams(
    connection: Connection[Any], streams: Iterable[UUID], upto: int
) -> dict[UUID, list[LogEvent]]:
    """The events of these streams up to a position, each in order."""
    rows = connection.execute(STREAMS, [list(streams), upto], binary=True, prepare=True).fetchall()
    found: dict[UUID, list[LogEvent]] = {}
    for event in decode(rows):
        found.setdefault(event[1], []).append(event)
    return found


def decode(rows: Sequence[tuple[Any, ...]]) -> list[LogEvent]:
    """One call of the JSON parser for all rows; what was stored by an older release is brought up to date."""
    datas = orjson.loads("[" + ",".join([row[5] for row in rows]) + "]")
    return [
        (position, stream, version, kind, _event(kind, schema_version, data, actor, at), actor, at)
        for (position, stream, version, kind, schema_version, _text, actor, at), data in zip(rows, datas, strict=True)
    ]  # fmt: skip


def _event(
    kind: str, schema_version: int, data: dict[str, Any], actor: str | None, at: datetime
) -> Event | UnknownEvent | UnreadableEvent:
    """What this release does not know is handed on as such: one newer event must not stop all the others."""
    try:
        if _NEWEST.get(kind) != schema_version:
            data = upcast(kind, schema_version, data)
        data["at"], data["by"] = at, actor
        event: Event = _READ[kind](data)
    except UnknownEvent as error:
        return error
    except ValidationError as error:
        return UnreadableEvent(kind, error)
    return event


def head(connection: Connection[Any]) -> int:
    """The newest position of the log."""
    row = connection.execute(HEAD, prepare=True).fetchone()
    assert row is not None
    return int(row[0])


class LogDefinitions:
    """Compiles the definitions that runs follow, each once, from the log itself.

    A version never changes once it is published, nor does a draft that is tried out: what was compiled is kept for
    everybody who asks in this process.
    """

    def __init__(self, connection: Connection[Any]) -> None:
        self._connection = connection
        self._known: dict[tuple[str, int], Definition] = {}
        self._place: tuple[Any, ...] | None = None

    def __call__(self, process: str, version: int) -> Definition:
        """The compiled graph of a published version, or of a draft that is tried out; raises UnknownDefinition."""
        found = self._known.get((process, version))
        if found is None:
            found = self._known[process, version] = self._kept(process, version)
        return found

    def _kept(self, process: str, version: int) -> Definition:
        if self._place is None:
            self._place = (*self._connection.execute(LOG).fetchall()[0], self._connection.info.dbname)
        key = (*self._place, process, version)
        found = _KEPT.get(key)
        if found is None:
            found = self._read(process, version)
            if len(_KEPT) >= _MOST_KEPT:
                _KEPT.clear()
            _KEPT[key] = found
        return found

    def _read(self, process: str, version: int) -> Definition:
        statement = DRAFT if version < 0 else VERSION
        for (document,) in self._connection.execute(statement, [process_stream(process), abs(version)]):
            return Definition.load(process, version, document)
        raise UnknownDefinition(f"process {process!r} has no version {version}")
