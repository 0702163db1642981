"""Bounds of the connection: no head above 64 KB is read, half of a request or of an answer is not kept for ever."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlsplit

import pytest
from uvicorn import Config
from uvicorn.server import ServerState

from api.wire.protocol import HEAD_BYTES, BoundedProtocol
from tests.api.conftest import Api

HEAD = b"POST /v1/runs HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"


@dataclass
class Timer:
    """Something that a loop is to do later."""

    at: float
    call: Callable[[], object]
    cancelled: bool = False

    def cancel(self) -> None:
        """Not to be done any more."""
        self.cancelled = True


@dataclass
class Loop:
    """A loop whose time a test moves."""

    now: float = 0.0
    timers: list[Timer] = field(default_factory=list)

    def time(self) -> float:
        """The time."""
        return self.now

    def call_later(self, seconds: float, call: Callable[[], object]) -> Timer:
        """Note what is to be done."""
        self.timers.append(Timer(self.now + seconds, call))
        return self.timers[-1]

    def create_task(self, work: Coroutine[Any, Any, None], **_: Any) -> asyncio.Future[None]:
        """The application is not part of these tests."""
        work.close()
        return cast("asyncio.Future[None]", Task())

    def pass_(self, seconds: float) -> None:
        """Let time pass, and do what is due."""
        self.now += seconds
        due = [timer for timer in self.timers if timer.at <= self.now and not timer.cancelled]
        self.timers = [timer for timer in self.timers if timer not in due]
        for timer in due:
            timer.call()


class Task:
    """The work of an application that never answers."""

    def add_done_callback(self, _: object) -> None:
        """It is never done."""


@dataclass
class Line:
    """A connection whose other end a test holds."""

    written: bytes = b""
    closed: bool = False
    aborted: bool = False
    paused: bool = False

    def get_extra_info(self, _: str) -> None:
        """Nothing is known of it."""

    def write(self, data: bytes) -> None:
        """Send."""
        self.written += data

    def write_eof(self) -> None:
        """Send no more."""

    def close(self) -> None:
        """End it."""
        self.closed = True

    def abort(self) -> None:
        """End it at once."""
        self.aborted = True

    def is_closing(self) -> bool:
        """Whether it ends."""
        return self.closed

    def pause_reading(self) -> None:
        """Read no more."""
        self.paused = True

    def resume_reading(self) -> None:
        """Read on."""
        self.paused = False

    @property
    def answer(self) -> tuple[int, str]:
        """Status and code of what was said."""
        head, _, body = self.written.partition(b"\r\n\r\n")
        return int(head.split()[1]), json.loads(body)["code"]


@pytest.fixture
def loop() -> Loop:
    """A loop of this test's own."""
    return Loop()


@pytest.fixture
def line(loop: Loop) -> tuple[Line, BoundedProtocol]:
    """A new connection, and what speaks over it."""

    async def nothing(scope: Any, receive: Any, send: Any) -> None:
        """Never called."""

    config = Config(nothing, log_config=None)
    config.load()
    protocol = BoundedProtocol(config, ServerState(), {}, cast("asyncio.AbstractEventLoop", loop))
    made = Line()
    protocol.connection_made(cast("asyncio.Transport", made))
    return made, protocol


Spoken = tuple[Line, BoundedProtocol]


@pytest.mark.parametrize("piece", [1_000, 65_536, 1 << 20])
def test_a_head_above_64_kb_is_refused_before_it_is_read(line: Spoken, piece: int):
    """However it is cut; the parser never gets more than a head may have."""
    end, protocol = line
    head = b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * (1 << 20)
    for at in range(0, len(head), piece):
        protocol.data_received(head[at : at + piece])
        if end.written:
            break
    assert end.answer == (431, "head_too_large")
    assert protocol._head_bytes <= HEAD_BYTES
    assert at <= HEAD_BYTES


def test_a_head_of_64_kb_is_taken(line: Spoken):
    """The bound itself is within."""
    end, protocol = line
    frame = b"POST / HTTP/1.1\r\nX-Long: \r\nContent-Length: 1\r\n\r\n"
    value = b"a" * (HEAD_BYTES - len(frame))
    protocol.data_received(frame.replace(b"X-Long: ", b"X-Long: " + value))
    assert (end.written, protocol._stage) == (b"", "body")


@pytest.mark.parametrize("tail", [b"0\r\nX-Trailer: ", b"1;ext="])
def test_what_stands_between_the_parts_of_a_body_is_bounded_too(line: Spoken, tail: bytes):
    """Neither fields behind a body nor extensions of a chunk are a way to send without end."""
    end, protocol = line
    protocol.data_received(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + tail)
    for _ in range(20):
        protocol.data_received(b"a" * 10_000)
    assert end.answer == (431, "head_too_large")


def test_fields_behind_a_body_do_not_become_headers(line: Spoken):
    """What a request says of itself stands in its head."""
    _, protocol = line
    chunked = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    protocol.data_received(chunked + b"1\r\na\r\n0\r\nAuthorization: Bearer x\r\n\r\n")
    assert [name for name, _ in protocol.headers] == [b"transfer-encoding"]


@pytest.mark.parametrize("begun", [b"", b"GET /v1", b"\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n"])
def test_half_a_head_is_not_kept(line: Spoken, loop: Loop, begun: bytes):
    """A connection on which no whole head comes ends; one byte now and then does not prolong it."""
    end, protocol = line
    protocol.data_received(begun) if begun else None
    for _ in range(11):
        loop.pass_(2)
        if begun.startswith(b"GET") and not end.written:
            protocol.data_received(b"a")
    loop.pass_(2.5)
    assert end.closed
    if begun.startswith(b"GET"):
        assert end.answer == (408, "too_slow")


def test_half_a_body_is_not_kept(line: Spoken, loop: Loop):
    """Who was asked for its content and does not send it is told that it is too slow."""
    end, protocol = line
    protocol.data_received(HEAD + b"{")
    loop.pass_(29)
    assert not end.written
    loop.pass_(2)
    assert end.answer == (408, "too_slow")
    assert protocol.cycle.disconnected


def test_a_body_over_a_slow_line_is_taken(line: Spoken, loop: Loop):
    """A thousand bytes a second are enough, however long it takes."""
    end, protocol = line
    protocol.data_received(HEAD)
    for _ in range(99):
        loop.pass_(1)
        protocol.data_received(b"a" * 1_000)
    assert (end.written, end.closed, protocol._stage) == (b"", False, "body")


def test_time_in_which_we_do_not_read_is_not_counted(line: Spoken, loop: Loop):
    """Somebody who would send on and may not is not slow."""
    end, protocol = line
    protocol.data_received(HEAD + b"a" * 70_000)
    assert end.paused
    for _ in range(10):
        loop.pass_(120)
    assert not end.written


def test_who_does_not_read_an_answer_is_let_go(line: Spoken, loop: Loop):
    """What is held for them is given back; reading on in time keeps the connection."""
    end, protocol = line
    protocol.pause_writing()
    loop.pass_(59)
    protocol.resume_writing()
    loop.pass_(59)
    assert not end.aborted
    protocol.pause_writing()
    loop.pass_(61)
    assert end.aborted


def test_a_second_request_behind_the_first_has_its_own_time(line: Spoken, loop: Loop):
    """Half of it is not kept either, although it came in one piece with the first."""
    end, protocol = line
    protocol.data_received(b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /half HTTP/1.1\r\n")
    assert (protocol._stage, end.closed) == ("head", False)
    loop.pass_(20)
    loop.pass_(2)
    assert end.closed


def test_others_are_served_while_somebody_sends_a_head_without_end(api: Api):
    """Sixty megabytes without a token: refused at once with the reason, and nobody waits for it."""
    place = urlsplit(api.url)
    with socket.create_connection((place.hostname or "", place.port or 0), timeout=10) as sender:
        sender.sendall(b"GET /v1/runs HTTP/1.1\r\nHost: x\r\nX-Long: ")
        try:
            for _ in range(60):
                sender.sendall(b"a" * (1 << 20))
                assert api.client.get("/v1/me").status_code == 200
        except OSError:
            pass  # the server has ended it
        told = sender.recv(4_096)
    assert told.startswith(b"HTTP/1.1 431 ")
    assert json.loads(told.partition(b"\r\n\r\n")[2])["code"] == "head_too_large"


def test_what_is_no_http_is_told_so(api: Api):
    """As every other refusal, as a problem document."""
    place = urlsplit(api.url)
    with socket.create_connection((place.hostname or "", place.port or 0), timeout=10) as sender:
        sender.sendall(b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\r\n\r\n")
        told = sender.recv(4_096)
    assert told.startswith(b"HTTP/1.1 400 ")
    assert json.loads(told.partition(b"\r\n\r\n")[2])["code"] == "not_http"
