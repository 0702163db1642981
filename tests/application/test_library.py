"""The library's own application test cases, unchanged, on this log; and Milepost is such an application."""

import ast
import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import eventsourcing.tests.application as shipped
import pytest
from eventsourcing.persistence import ApplicationRecorder

from application.milepost import Milepost
from domain.events import TaskCommented
from domain.words import Actor
from store.events import in_stream
from store.log import Log
from store.recorder import LogRecorder
from tests.application.test_milepost import COMMENTS
from tests.store.support import NINE
from tests.support.databases import Database

ROOMS = ("projections", "interchange", "workers", "api", "web", "milepost")


class _OnThisLog:
    """Applications that say nothing of where their events go put them into a log of the test's own."""

    @pytest.fixture(autouse=True)
    def _environment(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PERSISTENCE_MODULE", "store.factory")
        monkeypatch.setenv("LOG_URL", database.app_url)
        monkeypatch.setenv("LOG_DURABLE", "n")


class TestExampleApplication(_OnThisLog, shipped.ExampleApplicationTestCase):
    """An application of bank accounts, with snapshots."""

    expected_factory_topic = "store.factory:LogFactory"


@pytest.mark.filterwarnings("default:'log' is deprecated:DeprecationWarning")
class TestApplication(_OnThisLog, shipped.ApplicationTestCase):
    """Saving, caching, fast-forwarding, notification log."""


class _Counted(LogRecorder):
    """The recorder of an application, with what it was asked for."""

    def __init__(self, log: Log) -> None:
        super().__init__(log)
        self.asked: list[str] = []

    def insert_events(self, *told: Any, **how: Any) -> Any:
        """For threads."""
        self.asked.append("insert")
        return super().insert_events(*told, **how)

    async def insert_events_async(self, *told: Any, **how: Any) -> Any:
        """For coroutines."""
        self.asked.append("insert for a coroutine")
        return await super().insert_events_async(*told, **how)

    def insert_bulk(self, *told: Any) -> Any:
        """In bulk."""
        self.asked.append("insert in bulk")
        return super().insert_bulk(*told)

    def select_events(self, *told: Any, **how: Any) -> Any:
        """One stream."""
        self.asked.append("select")
        return super().select_events(*told, **how)


class _Watched(Milepost):
    """With a recorder that counts."""

    def construct_recorder(self) -> ApplicationRecorder:
        """On the log that was given."""
        return _Counted(self.started_log)


def test_the_parts_of_the_library_are_the_ones_in_use(log: Log):
    """Events, repository and recorder of the application serve every command: there is no second path beside them."""
    app, stream = _Watched(log), uuid4()
    asked = app.recorder.asked  # type: ignore[attr-defined]  # the one above
    assert app.events.recorder is app.recorder
    assert app.repository.event_store is app.events

    def said(text: str):
        return lambda _: [TaskCommented(comment=UUID(int=1), text=text, by=Actor("person:dana"), at=NINE)]

    app.execute(COMMENTS, stream, said("a"))
    asyncio.run(app.execute_async(COMMENTS, stream, said("b")))
    app.save_bulk([in_stream(stream, 2, said("c")(None), {})])
    assert app.load(COMMENTS, stream) == ("a", "b", "c")
    assert asked == ["select", "insert", "insert for a coroutine", "insert in bulk", "select"]
    assert [event.topic for event in app.notification_log.select(1, 9)] == ["task_commented"] * 3


def test_nothing_appends_beside_the_application():
    """In no room above it does code append to a log itself."""
    root = Path(__file__).parents[2]
    files = (file for room in ROOMS for file in (root / room).rglob("*.py"))
    found = {
        f"{file.relative_to(root)}:{node.lineno}"
        for file in files
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Attribute) and _appends(node)
    }
    assert not found


def _appends(node: ast.Attribute) -> bool:
    """Whether this is a method by which a log takes events."""
    of = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
    return node.attr in ("append_async", "append_bulk") or (
        node.attr in ("append", "submit") and of in ("log", "_log", "started_log", "growing")
    )
