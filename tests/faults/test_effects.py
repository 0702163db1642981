"""kill -9 of the process that acts, at every point between intent and result: no effect is doubled in silence."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from domain.run import Run, complete_step
from store.log import Log
from tests.support.databases import Database
from tests.support.forked import Forked
from tests.support.mailbox import mailbox
from tests.support.receiver import Receiver, receiver
from tests.support.waiting import wait_until
from tests.workers import acting_process
from tests.workers.deeds import World

pytestmark = pytest.mark.fault
ACCOUNT = {"key": "account", "title": "Account", "kind": "text", "required": True}
POINTS = ("before_intent", "after_intent", "during_call", "after_answer", "after_result")


@contextmanager
def process(url: str, **told: Any) -> Iterator[Forked]:
    """A process that acts; whatever is left of it at the end is killed."""
    running = Forked(acting_process.main, {"url": url, **told})
    try:
        yield running
    finally:
        running.kill()


@pytest.fixture
def world(database: Database, log: Log) -> Iterator[World]:
    """A log; the processes of these tests act."""
    found = World(log, database.app_url)
    yield found
    found.close()


def die(world: World, crm: Receiver, point: str) -> None:
    """Let a process act and die at this point."""
    if point != "during_call":
        with process(world.url, dies=point) as mortal:
            wait_until(lambda: not mortal.running, f"the death {point}")
        return
    crm.hold = threading.Event()
    with process(world.url) as mortal:
        wait_until(lambda: crm.effects, "the call")
        mortal.kill()
    crm.hold.set()
    crm.hold = None


def settled(run: Run) -> bool:
    """Whether nothing more happens by itself."""
    return run.ended or any(one.how is None for one in run.incidents.values())


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("honours_keys", [True, False])
def test_a_call_is_never_doubled_in_silence(world: World, point: str, honours_keys: bool):
    """Where the receiver honours the key: one effect. Else at most one, and where that is not known it is said."""
    with receiver(honours_keys=honours_keys) as crm:
        http = {
            "url": f"{crm.url}/x",
            "outputs": {"account": "account.id"},
            "repeatable": honours_keys,
        }
        step = {"key": "call", "kind": "http", "fields": [ACCOUNT], "http": http}
        stream = world.start(world.publish(step))
        die(world, crm, point)
        with process(world.url):
            wait_until(lambda: settled(world.run(stream)), "what follows")
        run = world.run(stream)
        assert len(crm.effects) <= 1
        if honours_keys:
            assert (run.state, len(crm.effects)) == ("completed", 1)
            assert len({heard.key for heard in crm.heard}) == 1
        elif run.state != "completed":
            assert [one.problem for one in run.incidents.values()] == ["uncertain"]
            assert point in ("after_intent", "during_call", "after_answer")


@pytest.mark.parametrize("point", ["before_intent", "after_intent", "after_answer", "after_result"])
def test_a_child_run_is_started_once(world: World, point: str):
    """Whatever is killed when: one child, whose end completes the parent's step."""
    world.publish({"key": "look", "role": "seller"}, key="kyc")
    stream = world.start(world.publish({"key": "check", "kind": "run", "run": {"process": "kyc"}}))
    with receiver() as unused:
        die(world, unused, point)
    with process(world.url):
        (child,) = wait_until(lambda: tuple(world.run(stream).children), "the child")
        world.decide(child, complete_step, "look")
        wait_until(lambda: world.run(stream).ended, "the end of the parent")
    assert started(world) == {stream, child}


@pytest.mark.parametrize("point", ["before_intent", "after_intent", "after_answer", "after_result"])
@pytest.mark.parametrize("outbox", [True, False])
def test_a_mail_is_never_doubled_in_silence(world: World, point: str, outbox: bool, tmp_path: Path):
    """A mail server honours no key: at most one mail; where that is not known it is said, and no more is sent."""
    email = {"to": ["ada@nordwind.example"], "subject": "Hello", "body": "There"}
    stream = world.start(world.publish({"key": "tell", "kind": "email", "email": email}))
    with mailbox() as box:
        told = {"outbox": str(tmp_path), **({} if outbox else {"smtp": box.url})}
        with process(world.url, dies=point, **told) as mortal:
            wait_until(lambda: not mortal.running, f"the death {point}")
        with process(world.url, **told):
            wait_until(lambda: settled(world.run(stream)), "what follows")
        sent = len(list(tmp_path.iterdir())) if outbox else len(box.messages)
        run = world.run(stream)
        if point in ("before_intent", "after_result"):
            assert (run.state, sent) == ("completed", 1)
        else:
            assert [one.problem for one in run.incidents.values()] == ["uncertain"]
            assert sent == (point == "after_answer")


def started(world: World) -> set[UUID]:
    """The streams of all runs."""
    found = world.log.read(0, 10_000)
    return {recorded.stream for recorded in found if recorded.type == "run_started"}
