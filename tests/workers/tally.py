"""A small read model for tests of the workers: every applied event in order, and a number per stream."""

from psycopg import Connection

from store import checkpoints
from store.connect import connect
from store.log import Log

NAME = "tally"
CREATE = """
create schema if not exists tally;
create table if not exists tally.applied (position bigint primary key, stream uuid not null, type text not null);
create table if not exists tally.stream (stream uuid primary key, events bigint not null);
"""
LOCK = "select pg_advisory_xact_lock(7461)"
APPLY = """
insert into tally.applied select position, stream, type from log.event
where position > %(after)s and position <= %(upto)s;
"""
COUNT = """
insert into tally.stream as s select stream, count(*) from log.event where position > %(after)s and position <= %(upto)s
group by stream on conflict (stream) do update set events = s.events + excluded.events
"""
BATCH = 2_000


class TallyProjector:
    """Applies the log in batches, each in one transaction with its checkpoint; several at once are safe."""

    def __init__(self, log: Log, url: str) -> None:
        self._log = log
        self._url = url
        self._connection: Connection | None = None

    def catch_up(self) -> int:
        """Everything up to the head; the answer is the position reached."""
        head = self._log.head()
        while (position := self._step(head)) < head:
            continue
        return position

    def _step(self, head: int) -> int:
        if self._connection is None or self._connection.closed:
            self._connection = connect(self._url, "tally")
            with self._connection.transaction():
                self._connection.execute(LOCK)
                self._connection.execute(CREATE)
        with self._connection.transaction():
            self._connection.execute(LOCK)
            after = checkpoints.get(self._connection, NAME)
            upto = min(head, after + BATCH)
            if upto > after:
                span = {"after": after, "upto": upto}
                self._connection.execute(APPLY, span)
                self._connection.execute(COUNT, span)
                checkpoints.compare_and_swap(self._connection, NAME, after, upto)
        return max(after, upto)
