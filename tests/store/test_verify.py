"""Tampering with stored events is found."""

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from psycopg import Connection

from store.log import Append, Log
from store.verify import verify
from tests.store.support import event, one
from tests.support.databases import Database


@pytest.fixture
def owner(database: Database, log: Log) -> Iterator[Connection]:
    """The database's owner, with the trigger switched off, and a log with three streams of four events."""
    for version in range(4):
        log.append([Append(stream, version, [event(f'{{"v": {version}}}')]) for stream in STREAMS])
    with psycopg.connect(database.owner_url, autocommit=True) as connection:
        connection.execute("alter table log.event disable trigger event_is_append_only")
        yield connection


STREAMS = [uuid4() for _ in range(3)]


def test_an_untouched_log_verifies(log: Log, owner: Connection):
    """Every chain holds, from the start and from the middle."""
    assert verify(log).broken is None
    assert verify(log).events == 12
    assert verify(log, after=5, upto=9).events == 4
    assert verify(log, after=5, upto=9).broken is None


@pytest.mark.parametrize(
    "change",
    [
        "update log.event set data = '{\"v\":1}' where position = 5",
        "update log.event set meta = '{ }' where position = 5",
        "update log.event set type = 'step_skipped' where position = 5",
        "update log.event set schema_version = 2 where position = 5",
        "update log.event set occurred_at = occurred_at + interval '1 microsecond' where position = 5",
        "update log.event set recorded_at = recorded_at - interval '1 microsecond' where position = 5",
        "update log.event set hash = sha256('x') where position = 5",
        "update log.event set stream = gen_random_uuid() where position = 5",
        "update log.event set version = 9 where position = 5",
        "delete from log.event where position = 5",
        "update log.event set type = type || '{', data = '{}' where position = 5",
    ],
)
def test_any_change_is_found_where_it_was_made(log: Log, owner: Connection, change: str):
    """Verification names the first event that does not hold."""
    owner.execute(change.encode())
    broken = verify(log).broken
    assert broken is not None
    assert broken.position == 5


def test_a_cut_end_is_found(log: Log, owner: Connection):
    """Events missing at the end are missed, because the head says how many there were."""
    owner.execute("delete from log.event where position > 10")
    broken = verify(log).broken
    assert broken is not None
    assert (broken.position, broken.reason) == (11, "the event is missing")


def test_swapped_events_are_found(log: Log, owner: Connection):
    """Two events of a stream that trade their data break the chain."""
    owner.execute(
        "update log.event e set data = o.data from log.event o"
        " where e.position in (4, 7) and o.position in (4, 7) and e.position <> o.position"
    )
    broken = verify(log).broken
    assert broken is not None
    assert broken.position == 4


def test_unicode_is_chained_by_its_bytes(log: Log):
    """The database and Python agree on the hash of text beyond ASCII."""
    log.append(one(uuid4(), 0, event('{"name": "Zoë 🚀 \\u00e9"}', '{"a": "ß"}')))
    assert verify(log).broken is None
