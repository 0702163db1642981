"""The call of append_events, straight on the wire: it is made thousands of times a second."""

from __future__ import annotations

from select import POLLIN, POLLOUT, poll

import psycopg
from psycopg import Connection
from psycopg.adapt import Transformer
from psycopg.pq import ExecStatus, Format
from psycopg.pq.abc import PGresult

from store.group import Verdicts

_NAME = b"append_events"
_APPEND = b"""
select * from log.append_events($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
"""
_ARGUMENTS = 15
_GOING_DOWN = ("57P01", "57P02", "57P03")


class Call:
    """Sends groups on one connection, which nobody else uses while a group is under way."""

    def __init__(self, connection: Connection) -> None:
        """Prepares the statement."""
        self._connection = connection
        self._wire = connection.pgconn
        self._check(self._wire.prepare(_NAME, _APPEND))
        self._poll = poll()

    def launch(self, arguments: list[bytes | None]) -> None:
        """Send a group and return."""
        self._wire.send_query_prepared(_NAME, arguments, [Format.BINARY] * _ARGUMENTS, Format.BINARY)
        while self._wire.flush():
            self._wait(POLLIN | POLLOUT)
            self._wire.consume_input()

    def land(self) -> Verdicts:
        """Wait for what became of it."""
        results = self._results()
        for result in results:
            self._check(result)
        loader = Transformer(self._connection)
        loader.set_pgresult(results[0])
        row = loader.load_row(0, tuple)
        assert row is not None
        return Verdicts(*row)

    def _results(self) -> list[PGresult]:
        results: list[PGresult] = []
        while True:
            while self._wire.is_busy():
                self._wait(POLLIN)
                self._wire.consume_input()
            result = self._wire.get_result()
            if result is None:
                return results
            results.append(result)

    def _wait(self, events: int) -> None:
        self._poll.register(self._wire.socket, events)
        self._poll.poll()

    def _check(self, result: PGresult) -> None:
        if result.status in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
            return
        state = (result.error_field(psycopg.pq.DiagnosticField.SQLSTATE) or b"").decode()
        if not state or state in _GOING_DOWN:
            self._connection.close()
        kind = psycopg.errors.lookup(state) if state else psycopg.OperationalError
        raise kind(result.error_message.decode(errors="replace").strip())
