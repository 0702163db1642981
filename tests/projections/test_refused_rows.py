"""What the database refuses parks the stream it comes from: no row ever stops a read model; all others are there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from random import Random
from typing import Any, NamedTuple
from uuid import UUID, uuid5

import psycopg
import pytest
from psycopg import sql

from domain.events import TaskAdded
from domain.words import StageKey
from projections.engine import rebuild as rebuilding
from projections.engine.fold import Fold
from projections.engine.live import Projector, retry
from projections.engine.projection import Projection, Row, Rows, Source, Subject
from projections.registry import BY_NAME, PROJECTIONS
from store.log import Append, Log, NewEvent
from store.mapper import to_new_event
from tests.projections.conftest import contents
from tests.projections.histories import Fact, hire, opened, published, store, stream_of
from tests.support.databases import Database
from workers.health import database_facts

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
UNUSUAL = "".join(chr(0x4E00 + (number * 7919) % 20_000) for number in range(2_000))
"""A text too long, and too little repeated, for a row of an index (2,704 bytes)."""
SURROGATE = "\ud800"

_COLUMNS = """
select c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
where n.nspname = %s and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped order by c.relname, a.attnum
"""
_UNIQUE = """
select c.relname, a.attname from pg_index i join pg_class c on c.oid = i.indrelid
join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid and a.attnum = any(i.indkey)
where n.nspname = %s and i.indisunique
"""
_PLAIN: dict[str, Any] = {
    "uuid": UUID(int=1),
    "text": "x",
    "integer": 1,
    "bigint": 1,
    "boolean": True,
    "double precision": 1.0,
    "timestamp with time zone": NOON,
    "date": NOON.date(),
    "jsonb": {},
}
_HOSTILE: dict[str, list[Any]] = {
    "uuid": [],
    "text": ["\x00", SURROGATE, UNUSUAL],
    "integer": [-(2**31), 2**31],
    "bigint": [2**63 - 1, 2**63],
    "boolean": [],
    "double precision": [float("inf"), float("nan")],
    "timestamp with time zone": [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)],
    "date": [date.min, date.max],
    "jsonb": [{"a": "\x00"}, {"a": SURROGATE}, {"a": UNUSUAL}, {"a": 2**64}],
}


class Case(NamedTuple):
    """One stream with one row: a table's columns at plain values, one of them at a value of its own."""

    projection: str
    table: int
    row: Row
    column: str
    is_plain: bool


def odd_values(kind: str) -> list[Any]:
    """The odd values of a type, nothing among them; of a list they are tried one by one as its only entry."""
    if kind.endswith("[]"):
        return [None, *([each] for each in odd_values(kind.removesuffix("[]")))]
    return [None, *_HOSTILE[kind]]


def long_values(kind: str) -> list[Any]:
    """Texts that no index takes."""
    found: dict[str, list[Any]] = {"text": [UNUSUAL], "text[]": [[UNUSUAL]], "jsonb": [{"a": UNUSUAL}]}
    return found.get(kind, [])


def endless_values(kind: str) -> list[Any]:
    """More words than a search index takes."""
    return [{"a": " ".join(f"{number}-{number + 1}" for number in range(36_000))}] if kind == "jsonb" else []


def plain_for(kind: str) -> Any:
    """A value that nobody minds."""
    return [] if kind.endswith("[]") else _PLAIN["jsonb" if kind == "json" else kind]


def cases_of(
    connection: psycopg.Connection[Any],
    projection: Projection,
    schema: str,
    values_for: Callable[[str], list[Any]],
) -> Iterator[tuple[UUID, Case]]:
    """Every column of every table of a read model, as the catalogue has them, at every value."""
    kinds = {(table, column): kind for table, column, kind in connection.execute(_COLUMNS, [schema])}
    unique = set(connection.execute(_UNIQUE, [schema]).fetchall())
    for number, table in enumerate(projection.tables):
        for column in table.columns:
            kind = kinds[table.name, column].replace("json", "jsonb").replace("jsonbb", "jsonb")
            values = [plain_for(kind), *(values_for(kind) if column != table.columns[0] else ())]
            for place, value in enumerate(values):
                stream = uuid5(UUID(int=1), f"{projection.name} {table.name} {column} {place}")
                row = [
                    f"{stream}" if (table.name, each) in unique and kinds[table.name, each] == "text"
                    else plain_for(kinds[table.name, each])
                    for each in table.columns
                ]  # fmt: skip
                row[0] = stream
                if place:
                    row[table.columns.index(column)] = value
                yield stream, Case(projection.name, number, tuple(row), column, is_plain=place == 0)


def task_added(title: str) -> NewEvent:
    """A stored event of a task."""
    event = TaskAdded(project=UUID(int=9), title=title, stage=StageKey("todo"), rank="a", at=NOON)
    return to_new_event(event, {})


def made_of(projection: Projection, cases: dict[UUID, Case]) -> Projection:
    """The read model with its own tables, whose streams have the rows of these cases."""

    def rows(subject: Subject) -> Rows:
        case = cases.get(subject.stream)
        return [(case.table, case.row)] if case and case.projection == projection.name else []

    fold = Fold("counted", list, {TaskAdded: lambda state, _event: state.append(1)})
    return replace(projection, sources={"task": Source((fold,), rows)}, statement=None)


def same(one: Row, other: Row) -> bool:
    """Whether two rows hold the same values; what is no number equals itself here."""
    return all(a == b or repr(a) == repr(b) for a, b in zip(one, other, strict=True))


def test_every_column_of_every_read_model_takes_a_value_or_parks_its_stream(
    log: Log, read_database: Database
) -> None:
    """Smallest, largest, none, NUL, surrogate, far and long, in each column of the catalogue: all others are there."""
    cases, _ = applied(log, read_database, odd_values)
    live = found_in(read_database.app_url, "live")
    for stream, case in cases.items():
        assert (case.projection, stream) in live.parked or same(live.rows[stream], case.row), case
        assert not case.is_plain or stream in live.rows, case
    parked = {cases[stream].column for _, stream in live.parked}
    assert {"assignee", "version", "minutes", "values", "approved"} <= parked


@pytest.mark.parametrize("values_for", [long_values, endless_values])
def test_a_rebuild_parks_what_is_parked_live(
    log: Log, read_database: Database, values_for: Callable[[str], list[Any]]
) -> None:
    """A text too long for an index is refused before the index is made, or the rebuild would never end."""
    _, projections = applied(log, read_database, values_for)
    live = found_in(read_database.app_url, "live")
    assert bool(live.parked) == (values_for is long_values)
    rebuilding.rebuild(read_database.app_url, projections=projections, batch=97)
    rebuilt = found_in(read_database.app_url, "building")
    assert rebuilt.parked == live.parked
    assert all(same(rebuilt.rows[stream], row) for stream, row in live.rows.items())


def applied(
    log: Log, database: Database, values_for: Callable[[str], list[Any]]
) -> tuple[dict[UUID, Case], list[Projection]]:
    """A stream for every column and value, in a log that is projected to its end."""
    cases: dict[UUID, Case] = {}
    with psycopg.connect(database.app_url) as connection:
        for generation in rebuilding.list_generations(database.app_url):
            cases |= cases_of(connection, BY_NAME[generation.projection], generation.schema, values_for)
    projections = [made_of(projection, cases) for projection in PROJECTIONS]
    event = task_added("any")
    log.append_bulk([Append(stream, 0, [event]) for stream in cases])
    with Projector(database.app_url, projections=projections) as projector:
        assert projector.catch_up() == log.head()
    return cases, projections


class Found(NamedTuple):
    """What a generation of each read model holds: one row of each stream, and the streams it gave up on."""

    rows: dict[UUID, Row]
    parked: set[tuple[str, UUID]]


def found_in(url: str, state: str) -> Found:
    """All of it, in the generations of this state."""
    found = Found({}, set())
    with psycopg.connect(url, autocommit=True) as connection:
        for generation in rebuilding.list_generations(url):
            if generation.state != state:
                continue
            for table in BY_NAME[generation.projection].tables:
                columns = sql.SQL(", ").join(map(sql.Identifier, table.columns))
                query = sql.SQL("select {} from {}").format(
                    columns, sql.Identifier(generation.schema, table.name)
                )
                found.rows.update({row[0]: row for row in connection.execute(query, binary=True)})
            parked = connection.execute(
                "select stream from log.parked where projection = %s", [generation.schema]
            )
            found.parked.update((generation.projection, stream) for (stream,) in parked)
    return found


FATES = ("taken", "taken", "taken", "taken", "refused", "raises", "packs badly", "folds badly")
"""What may happen to the rows of a stream as of one of its events."""
Ends = dict[UUID, tuple[int, int | None]]
"""The version that the rows of each stream show (0: it has none), and that of the event where it is parked."""


def test_a_parked_stream_has_the_rows_of_its_longest_beginning(log: Log, read_database: Database) -> None:
    """Whatever refuses them, the database or a fold, and in whatever batches they came; and news may make it whole."""
    rand = Random(7)
    fates = {uuid5(UUID(int=2), str(number)): [rand.choice(FATES) for _ in range(6)] for number in range(24)}
    live_batches(log, read_database, fates, rand)
    live = ends(read_database.app_url, fates, "live")
    assert live == {stream: told(fate) for stream, fate in fates.items()}
    assert any(shown and stop for shown, stop in live.values())
    schema = ""
    for batch in (1, 7, 1_000):
        (made,) = rebuilding.rebuild(read_database.app_url, projections=[FATED], batch=batch)
        assert ends(read_database.app_url, fates, "building") == live
        schema = rebuilding.flip(read_database.app_url, made.schema, projections=[FATED]).schema
    for stream in fates:
        assert retry(read_database.app_url, schema, stream, projections=[FATED]) == (live[stream][1] is None)
    assert ends(read_database.app_url, fates, "live") == live


def live_batches(log: Log, database: Database, fates: dict[UUID, list[str]], rand: Random) -> None:
    """Let it all happen, one stream among the others, and project it a few events at a time."""
    coming = [stream for stream, fate in fates.items() for _ in fate]
    rand.shuffle(coming)
    versions = dict.fromkeys(fates, 0)
    with Projector(database.app_url, projections=[FATED], batch=9) as projector:
        for stream in coming:
            event = task_added(fates[stream][versions[stream]])
            log.append([Append(stream, versions[stream], [event])])
            versions[stream] += 1
            if rand.random() < 0.3:
                projector.catch_up()
        projector.catch_up()


def told(fate: list[str]) -> tuple[int, int | None]:
    """What the law says of such a stream."""
    folds = fate.index("folds badly") if "folds badly" in fate else len(fate)
    shown = max((place + 1 for place, each in enumerate(fate[:folds]) if each == "taken"), default=0)
    return shown, None if shown == len(fate) else shown + 1


def _count(state: list[str], event: TaskAdded) -> None:
    if event.title == "folds badly":
        raise ValueError("folds badly")
    state.append(event.title)


def _fated_rows(subject: Subject) -> Rows:
    fate = subject.states[0][-1]
    if fate == "raises":
        raise ValueError(fate)
    text = {"taken": "", "refused": "\x00", "packs badly": SURROGATE}[fate]
    return [(0, (subject.stream, [text], [subject.version], {}))]


_TASKS = BY_NAME["tasks"]
_FOLD = Fold("fated", list, {TaskAdded: _count})
FATED = replace(_TASKS, sources={"task": Source((_FOLD,), _fated_rows)})

_ENDS = """
select s, coalesce((t.comments -> 0)::int, 0), e.version from unnest(%s::uuid[]) s left join {}.task t on t.task = s
left join log.parked p on p.stream = s and p.projection = %s left join log.event e on e.position = p.position
"""


def ends(url: str, streams: Iterable[UUID], state: str) -> Ends:
    """How it ended in the generation of this state."""
    (generation,) = [each for each in rebuilding.list_generations(url, "tasks") if each.state == state]
    with psycopg.connect(url) as connection:
        query = sql.SQL(_ENDS).format(sql.Identifier(generation.schema))
        rows = connection.execute(query, [list(streams), generation.schema]).fetchall()
    return {stream: (shown, stop) for stream, shown, stop in rows}


def test_a_statement_parks_the_stream_of_the_event_it_cannot_take(log: Log, read_database: Database) -> None:
    """The history holds every event before it and of all other streams, live and rebuilt."""
    store(log, [published(), opened(), *hire("good")[:3], *hire("bad")[:2]])
    store(
        log,
        [Fact(stream_of("bad"), "step_started", {"step": "approved", "round": 2**40}, 3), *hire("good")[3:5]],
    )
    store(log, [Fact(stream_of("bad"), "run_ranked", {"rank": "a0"}, 90)])
    with Projector(read_database.app_url, batch=4, projections=PROJECTIONS) as projector:
        assert projector.catch_up() == log.head()
        store(log, [Fact(stream_of("bad"), "run_ranked", {"rank": "a1"}, 91), *hire("good")[5:]])
        assert projector.catch_up() == log.head()
    rows = contents(read_database.app_url)["history"]
    assert sum(row[0] == str(stream_of("good")) for row in rows) == len(hire("good"))
    assert sum(row[0] == str(stream_of("bad")) for row in rows) == 2
    (made,) = rebuilding.rebuild(read_database.app_url, ["run_history"], batch=1_000, projections=PROJECTIONS)
    rebuilding.flip(read_database.app_url, made.schema, projections=PROJECTIONS)
    assert contents(read_database.app_url)["history"] == rows
    assert not retry(read_database.app_url, made.schema, stream_of("bad"), projections=PROJECTIONS)
    assert contents(read_database.app_url)["history"] == rows
    with psycopg.connect(read_database.app_url) as connection:
        parked = [each for each in database_facts(connection).parked if each.projection == "run_history"]
    assert [(each.stream, each.event, each.reason) for each in parked] == [
        (str(stream_of("bad")), "step_started", "NumericValueOutOfRange")
    ]
