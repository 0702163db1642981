"""Whatever another service answers ends its own action at most: the others go on, and somebody sees why."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import nullcontext, suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg.errors import FeatureNotSupported, NumericValueOutOfRange, UndefinedTable, UniqueViolation

from domain.events import Event
from domain.run import RUN, complete_step, save_values
from domain.run.state import Run
from domain.schedule import Calendar
from domain.storable import text_that_can_be_kept, unstorable
from domain.words import StepKey
from store.log import Log
from tests.support.databases import Database
from tests.support.given import NINE
from tests.support.people import EVERYBODY
from tests.support.receiver import Receiver, receiver
from tests.workers.deeds import World
from workers.apart import LONGEST_REST_SECONDS, Apart
from workers.automations.foreign import LONGEST_PAUSE, Unreadable, read_json, retry_after

TEXT = {"key": "t", "title": "T", "kind": "long_text"}


@pytest.fixture
def world(database: Database, log: Log) -> Iterator[World]:
    """A log and the machine."""
    found = World(log, database.app_url)
    yield found
    found.close()


@pytest.fixture
def service() -> Iterator[Receiver]:
    """Another service."""
    with receiver() as found:
        yield found


def call(service: Receiver, field: dict[str, Any] = TEXT, **more: Any) -> dict[str, Any]:
    """A step that takes ``t`` out of the answer."""
    http = {"url": f"{service.url}/v1", "outputs": {field["key"]: "t"}, "repeatable": True, **more}
    return {"key": "call", "kind": "http", "fields": [field], "http": http}


def open_incident(run: Run) -> Any:
    """The one open incident."""
    (found,) = (one for one in run.incidents.values() if one.how is None)
    return found


NUMBER = {"key": "t", "title": "T", "kind": "number"}


@pytest.mark.parametrize(
    ("field", "answer", "says"),
    [
        (TEXT, rb'{"t": "\ud800"}', "lone surrogate"),
        (TEXT, rb'{"t": "a\u0000b"}', "U+0000"),
        (TEXT, json.dumps({"t": "ä" * 99_999 + "€" * 30_000}).encode(), "up to 100000 characters"),
        (TEXT, b'{"t": "' + "\U0001f600".encode() * 99_000 + b'"}', "cannot be stored"),
        (TEXT, b"[" * 100_000, "nested too deep"),
        (TEXT, b'{"t": ' + b"[" * 40 + b"]" * 40 + b"}", "32 deep"),
        (TEXT, b'{"t": NaN}', "no number of JSON"),
        (TEXT, b'\xff\xfe{"t": 1}', "not UTF-8"),
        (NUMBER, b'{"t": 1e999}', "not finite"),
        (NUMBER, b'{"t": ' + b"9" * 5_000 + b"}", "a number"),
        (NUMBER, b'{"t": 1' + b"0" * 25 + b"}", "a number"),
    ],
)
def test_what_cannot_be_kept_ends_one_action(
    world: World, service: Receiver, field: dict[str, Any], answer: bytes, says: str
):
    """One incident says what is wrong with the answer; the machine goes on with the next run at once."""
    bad = world.start(world.publish(call(service, field, url=f"{service.url}/bad"), key="bad"))
    good = world.start(world.publish(call(service), key="good"))
    service.answer = lambda heard: (200, {}, answer if heard.path == "/bad" else b'{"t": "fine"}')
    world.act()
    assert (world.run(bad).state, world.run(good).state) == ("running", "completed")
    told = open_incident(world.run(bad))
    assert says in told.reason, told.reason
    assert len(told.reason) <= 2_000


def test_an_id_of_many_digits_arrives_whole(world: World, service: Receiver):
    """A text field gets the digits of a number as they were sent, however many."""
    digits = "123456789" * 40
    service.answer = lambda _: (200, {}, f'{{"t": {digits}}}'.encode())
    run = world.start(world.publish(call(service)))
    world.act()
    assert world.run(run).values["call.t"] == digits


@pytest.mark.parametrize("status", [200, 302, 404, 503])
def test_what_a_service_says_is_kept_as_far_as_it_can_be(world: World, service: Receiver, status: int):
    """NUL, halves of characters and megabytes in an answer or a header never keep its result from being stored."""
    said = b"\x00\xed\xa0\x80" + b"x" * 900_000
    service.answer = lambda _: (status, {"location": "http://x/é" + "y" * 3_000}, said)
    run = world.start(world.publish(call(service, method="PUT")))
    world.act()
    action = world.run(run).actions["call/1/http"]
    assert action.state == "failed"
    assert action.reason is not None
    assert len(action.reason) < 500


class _Broken(Exception):
    pass


@pytest.mark.parametrize("when", ["intending", "recording", "always"])
def test_a_defect_in_one_action_ends_no_other(world: World, service: Receiver, when: str, monkeypatch: Any):
    """It is told as an incident where that can be stored, else set apart; the machine and all others go on."""
    service.answer = lambda _: (200, {}, b'{"t": "fine"}')
    bad = world.start(world.publish(call(service), key="bad"))
    acting = world.acting()
    execute = acting._app.execute_async
    failed: list[str] = []

    async def broken(aggregate: Any, stream: UUID, decide: Any, **named: Any) -> Any:
        if stream == bad and (when == "always" or len(failed) < 1):
            before = world.app.load(RUN, bad)
            assert before is not None
            started = before.actions["call/1/http"].state == "started"
            if when == "always" or started == (when == "recording"):
                failed.append(when)
                raise _Broken
        return await execute(aggregate, stream, decide, **named)

    monkeypatch.setattr(acting._app, "execute_async", broken)
    good = [world.start(world.publish(call(service), key=f"good{number}")) for number in range(3)]
    world.act(acting)
    world.act(acting)
    assert [world.run(run).state for run in good] == ["completed"] * 3
    if when == "recording":
        assert open_incident(world.run(bad)).reason == "the machine failed: _Broken"
        assert open_incident(world.run(bad)).problem == "uncertain"
    else:
        assert len(failed) == 1  # it rests, and is not tried in every round
        monkeypatch.undo()
        world.act()
        assert world.run(bad).state == "completed"


def test_an_event_too_large_for_the_log_is_an_incident(world: World, service: Receiver):
    """Several values that fit one by one are together more than an event may hold: somebody is asked, and told why."""
    fields = [{"key": f"t{number}", "title": "T", "kind": "long_text"} for number in range(4)]
    outputs = {field["key"]: "t" for field in fields}
    step = {**call(service, fields[0]), "fields": fields}
    step["http"]["outputs"] = outputs
    service.answer = lambda _: (200, {}, json.dumps({"t": "x" * 90_000}).encode())
    run = world.start(world.publish(step))
    world.act()
    assert "cannot be stored" in open_incident(world.run(run)).reason


def test_a_child_whose_outputs_no_event_holds_asks_somebody(world: World):
    """Its parent's step gets one incident, and other families are told of meanwhile."""
    fields = [{"key": f"t{number}", "title": "T", "kind": "long_text"} for number in range(4)]
    child = world.publish({"key": "write", "kind": "form", "fields": fields}, key="child")
    outputs = {field["key"]: f"write.{field['key']}" for field in fields}
    parent = world.publish(
        {"key": "ask", "kind": "run", "fields": fields, "run": {"process": child.process, "outputs": outputs}}
    )
    run = world.start(parent)
    world.act()
    (begun,) = world.run(run).children
    for field in fields:
        world.decide(begun, _saved, field["key"])
    world.decide(begun, _completed)
    world.act()
    assert "cannot be stored" in open_incident(world.run(run)).reason


def _saved(run: Run, definition: Any, key: str, *, by: Any, at: Any) -> Sequence[Event]:
    values = {key: "x" * 90_000}
    return save_values(
        run, definition, StepKey("write"), values, by=by, at=at, calendar=Calendar(), directory=EVERYBODY
    )


def _completed(run: Run, definition: Any, *, by: Any, at: Any) -> Sequence[Event]:
    return complete_step(
        run, definition, StepKey("write"), by=by, at=at, calendar=Calendar(), directory=EVERYBODY
    )


@pytest.mark.parametrize(
    ("text", "date", "seconds"),
    [
        ("120", None, 120),
        ("0", None, 0),
        ("9" * 5_000, None, LONGEST_PAUSE.total_seconds()),
        ("0" * 5_000 + "7", None, 7),
        ("Mon, 02 Mar 2026 09:01:00 GMT", "Mon, 02 Mar 2026 09:00:00 GMT", 60),
        ("Mon, 02 Mar 2026 09:01:00 GMT", None, 60),
        ("Mon, 02 Mar 2026 09:01:00 GMT", "nonsense", 60),
        ("Monday, 02-Mar-26 09:01:00 GMT", None, 60),
        ("Mon Mar  2 09:01:00 2026", None, 60),
        ("Mon Mar  2 09:01:00 2026", "Mon, 02 Mar 2026 09:00:00 GMT", 60),
        ("Sun, 06 Nov 1994 08:49:37 GMT", None, 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", None, LONGEST_PAUSE.total_seconds()),
        ("Fri, 31 Dec 9999 23:59:59 -1200", None, None),
        ("Mon, 02 Mar 99999999999 09:01:00 GMT", None, None),
        ("-5", None, None),
        ("1.5", None, None),
        ("٣", None, None),
        ("soon", None, None),
        ("", None, None),
        (None, None, None),
    ],
)
def test_how_long_to_wait_is_read_however_it_is_said(
    text: str | None, date: str | None, seconds: float | None
):
    """Seconds or any form of an HTTP date, by the service's clock or ours, a day at most; the rest is nothing."""
    wanted = None if seconds is None else timedelta(seconds=seconds)
    assert retry_after(text, date, NINE) == wanted


@given(st.text(max_size=80), st.text(max_size=80))
@settings(deadline=None)
def test_no_header_is_too_odd_to_be_read(text: str, date: str):
    """Whatever it says, it is at most a day."""
    found = retry_after(text, date, NINE)
    assert found is None or timedelta() <= found <= LONGEST_PAUSE


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_no_answer_is_too_odd_to_be_read(body: bytes):
    """It is JSON or it is not; what is kept of its texts can be stored."""
    with suppress(Unreadable):
        read_json(body)
    assert unstorable(text_that_can_be_kept(body.decode("utf-8", "surrogateescape"))) is None


def test_what_failed_rests_longer_each_time_and_is_tried_again():
    """A minute, then two, at most some hours; once it went well, it is as if nothing had been."""
    now = [0.0]

    def broken() -> None:
        raise _Broken

    apart = Apart("set_apart", lambda: now[0])
    for rest in (60.0, 120.0, 240.0):
        with apart.each("a"):
            broken()
        assert (apart.rests("a"), apart.rests("b"), apart.resting()) == (True, False, ["a"])
        now[0] += rest
        assert not apart.rests("a")
    for _ in range(20):
        apart.note("a", _Broken())
    now[0] += LONGEST_REST_SECONDS
    assert not apart.rests("a")
    with apart.each("a"):
        pass
    assert len(apart) == 0


@pytest.mark.parametrize(
    ("error", "is_somebodys"),
    [
        (NumericValueOutOfRange(), True),
        (UniqueViolation(), True),
        (psycopg.InterfaceError(), False),
        (psycopg.InternalError(), False),
        (psycopg.OperationalError(), False),
        (UndefinedTable(), False),
        (FeatureNotSupported("cached plan must not change result type"), False),
    ],
)
def test_a_row_that_the_database_refuses_is_somebodys(error: psycopg.Error, is_somebodys: bool):
    """It sets what the row is about apart, and stops nothing else; a database that cannot work is nobody's fault."""

    def refused() -> None:
        raise error

    apart = Apart("set_apart")
    with nullcontext() if is_somebodys else pytest.raises(type(error)), apart.each("a"):
        refused()
    assert apart.rests("a") == is_somebodys


def test_a_failed_answer_tells_what_can_be_told():
    """What other systems say is cut and cleaned, and says the same otherwise."""
    assert text_that_can_be_kept("plain") == "plain"
    assert text_that_can_be_kept("a\x00b\ud800") == "a\ufffdb\ufffd"
    assert len(text_that_can_be_kept("x" * 5_000)) == 2_000
