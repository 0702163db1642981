"""One call of append_events: many units in, one outcome for each out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from store.arrays import INSTANT, INT, TEXT, array, ints, texts, uuids
from store.errors import CommandMismatch, Conflict, Repeated
from store.model import Accepted, StoredCommand
from store.unit import Outcome, Unit

SETTLE = "select base, verdicts from log.settle_group(%s, %s)"
RETIRE = "select log.retire_writer(%s)"
COMMANDS = "select id, fingerprint, result, first_position, last_position from log.command where id = any(%s)"
LAST_VERSIONS = "select stream, max(version) from log.event where stream = any(%s) group by stream"


class Verdicts(NamedTuple):
    """What the database said: a letter for each unit, and which append of each conflicting one was at which version."""

    base: int
    letters: str
    conflict_items: list[int] | None
    conflict_actuals: list[int] | None


def arguments(writer: UUID, turn: int, units: Sequence[Unit]) -> list[bytes | None]:
    """The arguments of append_events for these units, in binary."""
    places: dict[UUID, int] = {}
    item_streams = [places.setdefault(stream, len(places) + 1) for unit in units for stream in unit.streams]
    events = sum(unit.events for unit in units)
    return [
        writer.bytes,
        turn.to_bytes(8, "big"),
        uuids(list(places)),
        ints([len(unit.streams) for unit in units]),
        ints(item_streams),
        ints([expected for unit in units for expected in unit.expected]),
        ints([count for unit in units for count in unit.counts]),
        array(TEXT, events, b"".join([unit.types for unit in units])),
        array(INT, events, b"".join([unit.schema_versions for unit in units])),
        array(TEXT, events, b"".join([unit.datas for unit in units])),
        array(TEXT, events, b"".join([unit.metas for unit in units])),
        array(INSTANT, events, b"".join([unit.occurred for unit in units])),
        *_commands(units),
    ]


def _commands(units: Sequence[Unit]) -> list[bytes | None]:
    if all(unit.command is None for unit in units):
        return [None, None, None]
    commands = [unit.command for unit in units]
    return [
        texts(command.id if command else None for command in commands),
        texts(unit.fingerprint for unit in units),
        texts(command.result if command else None for command in commands),
    ]


Ask = Callable[[str, list[object]], list[tuple[Any, ...]]]
"""Reads rows on the writer's connection."""


def outcomes(ask: Ask, units: Sequence[Unit], verdicts: Verdicts) -> Iterator[Outcome]:
    """The outcome of each unit; stored answers, and the versions of a settled group, are read."""
    place = verdicts.base
    conflicts = _conflicts(ask, units, verdicts)
    stored = _stored(ask, units, verdicts.letters)
    for unit, letter in zip(units, verdicts.letters, strict=True):
        match letter:
            case "a":
                yield Accepted(place + 1, place := place + unit.events)
            case "c":
                yield next(conflicts)
            case "r":
                yield _repeated(unit, stored)
            case _:
                yield CommandMismatch(_command_id(unit))


def _conflicts(ask: Ask, units: Sequence[Unit], verdicts: Verdicts) -> Iterator[Conflict]:
    losers = [unit for unit, letter in zip(units, verdicts.letters, strict=True) if letter == "c"]
    if verdicts.conflict_items is None or verdicts.conflict_actuals is None:
        yield from _looked_up(ask, losers)
        return
    for unit, item, actual in zip(losers, verdicts.conflict_items, verdicts.conflict_actuals, strict=True):
        yield Conflict(*unit.conflict_at(item), actual)


def _looked_up(ask: Ask, losers: Sequence[Unit]) -> Iterator[Conflict]:
    """Conflicts of a settled group: the versions are those of now."""
    if not losers:
        return
    actuals: dict[UUID, int] = dict(
        ask(LAST_VERSIONS, [[stream for unit in losers for stream in unit.streams]])
    )
    for unit in losers:
        places = enumerate(zip(unit.streams, unit.expected, strict=True), 1)
        stale = [item for item, (stream, expected) in places if actuals.get(stream, 0) != expected]
        stream, expected = unit.conflict_at(stale[0] if stale else 1)
        yield Conflict(stream, expected, actuals.get(stream, 0))


def _stored(ask: Ask, units: Sequence[Unit], letters: str) -> Mapping[str, StoredCommand]:
    if "r" not in letters:
        return {}
    ids = [_command_id(unit) for unit, letter in zip(units, letters, strict=True) if letter == "r"]
    return {row[0]: StoredCommand(*row) for row in ask(COMMANDS, [ids])}


def _repeated(unit: Unit, stored: Mapping[str, StoredCommand]) -> Repeated:
    command = stored[_command_id(unit)]
    return Repeated(command.id, command.result, command.first_position, command.last_position)


def _command_id(unit: Unit) -> str:
    assert unit.command is not None
    return unit.command.id
