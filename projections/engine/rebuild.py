"""Makes a read model anew beside the live one, compares the two, and lets the views show the new one.

A rebuild that was interrupted goes on where its checkpoint stands: call it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from psycopg import Connection

from projections.engine import generations
from projections.engine import rebuild_parts as parts
from projections.engine.comparing import Comparison, compare_generations
from projections.engine.generations import Generation, NotAllowed, Standing
from projections.engine.live import Progress, Span, advance
from projections.engine.projection import Projection
from projections.engine.reading import head
from projections.engine.writing import LOCK, connect

BATCH = 40_000
"""Events in one transaction of a rebuild: a bound for the memory it needs."""


def rebuild(
    app_url: str,
    names: Iterable[str] = (),
    progress: Progress | None = None,
    *,
    projections: Iterable[Projection],
    batch: int = BATCH,
) -> list[Generation]:
    """Fill new generations of the named read models (default: all) from the log, up to its head, indexes included.

    All of them share one pass. ``progress`` hears (position, head). Raises NotAllowed for a name that is none.
    """
    chosen = _chosen(projections, names)
    with connect(app_url, "rebuild") as connection:
        generations.prepare(connection, chosen.values())
        schemas = [_building(connection, projection) for projection in chosen.values()]
        while behind := _behind(connection, schemas, upto := head(connection)):
            lowest = min(each.position for each in behind)
            ahead = min((each.position for each in behind if each.position > lowest), default=upto)
            standing = [each for each in behind if each.position == lowest]
            if shares := _shares(connection, standing, chosen, ahead):
                _fill_in_parts(app_url, connection, standing, chosen, shares, ahead, batch, progress)
            else:
                advance(app_url, Span(connection, standing, chosen), ahead, batch, progress)
        _make_indexes(app_url, list(zip(chosen.values(), schemas, strict=True)))
        return [generations.find(connection, schema) for schema in schemas]


def compare(app_url: str, schema: str, *, projections: Iterable[Projection]) -> Comparison:
    """The rows that differ between a generation and the live one of its read model, both at the same position.

    The generation is brought to where the live one stands, which waits for that long.
    """
    by_name = {projection.name: projection for projection in projections}
    with connect(app_url, "compare") as reading:
        with _level(app_url, schema, by_name) as (live, other):
            reading.execute("begin isolation level repeatable read read only")
            reading.execute("select from read.generation")
        found = compare_generations(reading, by_name[other.projection], live.schema, other.schema)
        reading.rollback()
        return Comparison(live.schema, other.schema, live.position, found)


def flip(app_url: str, schema: str, *, projections: Iterable[Projection]) -> Generation:
    """Let the views show this generation, which is brought level first; nobody ever reads something older than before.

    Flipping to an old generation is the way back. Raises NotAllowed where the code has moved on from its version.
    """
    by_name = {projection.name: projection for projection in projections}
    with connect(app_url, "flip") as connection:
        if generations.find(connection, schema).state == "building":
            standing = generations.standing(connection, schema)
            generations.make_indexes(connection, by_name[standing.projection], schema)
    with _level(app_url, schema, by_name, flips=True) as (_live, other):
        pass
    with connect(app_url, "flip") as connection:
        return generations.find(connection, other.schema)


def roll_back(app_url: str, name: str, *, projections: Iterable[Projection]) -> Generation:
    """Let the views show the newest old generation of this read model again. Raises NotAllowed where there is none."""
    with connect(app_url, "roll back") as connection:
        old = [each for each in generations.generations(connection, name) if each.state == "old"]
    if not old:
        raise NotAllowed(f"{name} has no old generation")
    return flip(app_url, max(old, key=lambda each: each.number).schema, projections=projections)


def renew(app_url: str, *, projections: Iterable[Projection]) -> list[str]:
    """Rebuild what is outdated, let the views show it, and drop what no code of this release can read; their names."""
    with connect(app_url, "renew") as connection:
        names = generations.outdated(connection, projections)
    if names:
        for made in rebuild(app_url, names, projections=projections):
            flip(app_url, made.schema, projections=projections)
        for each in list_generations(app_url):
            if each.projection in names and each.state == "old":
                drop(app_url, each.schema)
    return names


def drop(app_url: str, schema: str) -> None:
    """Forget a generation that is not live, with its tables."""
    with connect(app_url, "drop") as connection:
        generations.drop(connection, schema)


def list_generations(app_url: str, name: str | None = None) -> list[Generation]:
    """All generations, of one read model or of all."""
    with connect(app_url, "list") as connection:
        return generations.generations(connection, name)


def _chosen(projections: Iterable[Projection], names: Iterable[str]) -> dict[str, Projection]:
    by_name = {projection.name: projection for projection in projections}
    wanted = list(names) or list(by_name)
    if unknown := sorted(set(wanted) - by_name.keys()):
        raise NotAllowed(f"no read model is called {', '.join(unknown)}; there are {', '.join(by_name)}")
    return {name: by_name[name] for name in wanted}


def _shares(
    connection: Connection[Any], standing: Sequence[Standing], by_name: Mapping[str, Projection], upto: int
) -> dict[str, parts.Shares]:
    """The parts of each generation that is filled in parts: those of an interrupted rebuild, or new ones."""
    schemas = [each.schema for each in standing if by_name[each.projection].sources]
    found = parts.opened(connection, schemas)
    number = parts.parts_for(upto - standing[0].position)
    if not found and number > 1 and schemas:
        parts.open_parts(connection, schemas, number, standing[0].position)
        found = parts.opened(connection, schemas)
    return found


def _fill_in_parts(
    app_url: str,
    connection: Connection[Any],
    standing: Sequence[Standing],
    by_name: Mapping[str, Projection],
    shares: Mapping[str, parts.Shares],
    upto: int,
    batch: int,
    progress: Progress | None,
) -> None:
    """Fill the generations whose parts are alike, each part by itself, while statements are done here."""
    mine = next(iter(shares.values()))
    divided = [each for each in standing if shares.get(each.schema) == mine]
    whole = [each for each in standing if not by_name[each.projection].sources]
    upto = max(upto, *mine.values())

    def meanwhile(hear: Progress) -> None:
        if whole:
            advance(app_url, Span(connection, whole, by_name), upto, batch, hear)

    hear = progress or _unheard
    parts.advance_in_parts(app_url, divided, by_name, mine, upto, batch, hear, meanwhile)
    parts.close_parts(connection, divided, mine, upto)


def _make_indexes(app_url: str, made: Sequence[tuple[Projection, str]]) -> None:
    """The indexes of all of them, two at a time: this is work for the database alone."""

    def make(projection: Projection, schema: str) -> None:
        with connect(app_url, "index") as connection:
            generations.make_indexes(connection, projection, schema)

    with ThreadPoolExecutor(2, "index") as pool:
        for future in [pool.submit(make, *each) for each in made]:
            future.result()


def _unheard(_position: int, _upto: int) -> None:
    """For a caller who does not want to know."""


def _building(connection: Connection[Any], projection: Projection) -> str:
    """The generation that an interrupted rebuild left, or a new one."""
    for generation in generations.generations(connection, projection.name):
        if generation.state == "building" and generation.version == projection.version:
            return generation.schema
    return generations.make(connection, projection, "building")


def _behind(connection: Connection[Any], schemas: Iterable[str], upto: int) -> list[Standing]:
    standing = [generations.standing(connection, schema) for schema in schemas]
    return [each for each in standing if each.position < upto]


@contextmanager
def _level(
    app_url: str, schema: str, by_name: Mapping[str, Projection], *, flips: bool = False
) -> Iterator[tuple[Standing, Standing]]:
    """Bring a generation to where the live one stands and hold both there; flip the views at the end, if asked to."""
    _approach(app_url, schema, by_name)
    with connect(app_url, "level") as holding, connect(app_url, "catch up") as connection:
        projection = by_name[generations.standing(connection, schema).projection]
        with holding.transaction():
            live = next(each for each in generations.live(holding) if each.projection == projection.name)
            holding.execute(LOCK, [[live.schema]])
            live = generations.standing(holding, live.schema)
            other = generations.standing(connection, schema)
            if other.position < live.position:
                advance(app_url, Span(connection, [other], by_name), live.position, BATCH)
            yield live, generations.standing(connection, schema)
            if flips and live.schema != schema:
                generations.promote(holding, projection, schema)


def _approach(app_url: str, schema: str, by_name: Mapping[str, Projection]) -> None:
    """Bring a generation near the live one while nothing is held. Raises NotAllowed when it cannot be brought on."""
    with connect(app_url, "approach") as connection:
        other = generations.standing(connection, schema)
        projection = by_name.get(other.projection)
        if projection is None or projection.version != other.version:
            raise NotAllowed(f"{schema} is of another version than the code and cannot be brought up to date")
        if parts.opened(connection, [schema]):
            raise NotAllowed(f"the rebuild of {schema} has not ended: rebuild it again to go on")
        live = [each for each in generations.live(connection) if each.projection == other.projection]
        upto = live[0].position if live else other.position
        if other.position < upto and other.schema != live[0].schema:
            advance(app_url, Span(connection, [other], by_name), upto, BATCH)
