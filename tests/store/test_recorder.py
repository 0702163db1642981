"""The library's own recorder test cases, unchanged, on this log."""

from collections.abc import Iterator
from typing import ClassVar

import eventsourcing.tests.persistence as shipped
import pytest

from store.log import Log
from store.recorder import LogAggregateRecorder, LogRecorder
from tests.support.databases import Database


class _OnThisLog:
    """Gives each case a log of its own."""

    log: ClassVar[Log]

    @pytest.fixture(autouse=True)
    def _log(self, database: Database) -> Iterator[None]:
        with Log(database.app_url, durable=False) as log:
            type(self).log = log
            yield


class TestAggregateRecorder(_OnThisLog, shipped.AggregateRecorderTestCase):
    """One aggregate's events are stored and selected as the library expects."""

    def create_recorder(self) -> LogAggregateRecorder:
        """On this test's log."""
        return LogAggregateRecorder(self.log)


class TestApplicationRecorder(_OnThisLog, shipped.ApplicationRecorderTestCase[LogRecorder]):
    """All events are numbered, selected and followed as the library expects."""

    def create_recorder(self) -> LogRecorder:
        """On this test's log."""
        return LogRecorder(self.log)

    def test_insert_subscribe(self) -> None:
        """A subscription yields what is there and then what comes."""
        self.optional_test_insert_subscribe()


class TestNonInterleaving(_OnThisLog, shipped.NonInterleavingNotificationIDsBaseCase):
    """Two large appends at once do not mix their positions."""

    def create_recorder(self) -> LogRecorder:
        """On this test's log."""
        return LogRecorder(self.log)
