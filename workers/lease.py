"""A lease on a duty, held by a database session: its holder reads and writes there, so losing it shows."""

from __future__ import annotations

from hashlib import sha256

from psycopg import Connection

from store import checkpoints, reading, subscribers
from store.connect import connect
from store.model import Recorded
from store.subscribers import Subscriber
from store.told_process import with_process

_TRY = "select pg_try_advisory_lock(%s)"
_HELD = """
select exists (select from pg_locks where locktype = 'advisory' and pid = pg_backend_pid() and granted
  and database = (select oid from pg_database where datname = current_database())
  and ((classid::bigint << 32) | objid::bigint) = %s)
"""
# the checkpoint only tells how far the relay is, so its commits need not wait for the disk
_HURRY = "set synchronous_commit = off"
# recorded_at grows with the position, so the last event before an instant is found by halving
_BEFORE = (
    "select recorded_at < clock_timestamp() - make_interval(secs => %s) from log.event where position = %s"
)


_MARKS = "select mark_key, unmarked from log.relay where id = 1"
_ALL_MARKED = "update log.relay set unmarked = false where id = 1 and unmarked"


class LeaseLost(Exception):
    """Another process holds the lease, or the session that held it is gone."""


class Lease:
    """One duty in one database; all calls from one thread."""

    def __init__(self, database_url: str, duty: str) -> None:
        self._url = database_url
        self._duty = duty
        self._key = int.from_bytes(sha256(f"milepost {duty}".encode()).digest()[:8], "big") >> 1
        self._session: Connection | None = None
        self._held = False

    def acquire(self) -> bool:
        """Try to take the lease; True when it is ours. Taking it twice is fine."""
        if self._session is None or self._session.closed:
            self._held = False
            self._session = connect(self._url, self._duty)
            self._session.execute(_HURRY)
        if not self._held:
            row = self._session.execute(_TRY, [self._key]).fetchone()
            self._held = row == (True,)
        return self._held

    def release(self) -> None:
        """Let go; twice is fine."""
        if self._session is not None:
            self._session.close()
        self._session, self._held = None, False

    def check(self) -> None:
        """Raise LeaseLost unless the lease is ours."""
        if self._mine().execute(_HELD, [self._key]).fetchone() != (True,):
            raise LeaseLost(self._duty)

    def head(self) -> int:
        """The newest position of the log."""
        return reading.head(self._mine())

    def read(self, after: int, limit: int) -> list[Recorded]:
        """Events above ``after``, in order, each of a run with its process."""
        return with_process(self._mine(), reading.read(self._mine(), after, limit))

    def move(self, expected: int, position: int) -> None:
        """Move the duty's checkpoint; another holder's move shows as LeaseLost."""
        try:
            checkpoints.compare_and_swap(self._mine(), self._duty, expected, position)
        except checkpoints.CheckpointMoved as error:
            raise LeaseLost(self._duty) from error

    def settle(self, position: int) -> None:
        """Set the duty's checkpoint to what was found to be true."""
        found = checkpoints.get(self._mine(), self._duty)
        if found != position:
            self.move(found, position)

    def marks(self) -> tuple[str, bool]:
        """The key of the marks on our messages, and whether messages of ours may have none."""
        row = self._mine().execute(_MARKS).fetchone()
        assert row is not None
        return row[0], row[1]

    def all_marked(self) -> None:
        """From now on what has no mark is not ours."""
        self._mine().execute(_ALL_MARKED)

    def subscribers(self) -> list[Subscriber]:
        """The services that read at the broker."""
        return subscribers.every(self._mine())

    def last_before(self, age_seconds: float) -> int:
        """The newest position recorded more than ``age_seconds`` ago; 0 when there is none."""
        low, high = 0, self.head()
        while low < high:
            middle = (low + high + 1) // 2
            if self._mine().execute(_BEFORE, [age_seconds, middle]).fetchone() == (True,):
                low = middle
            else:
                high = middle - 1
        return low

    def _mine(self) -> Connection:
        if self._session is None or not self._held:
            raise LeaseLost(self._duty)
        return self._session
