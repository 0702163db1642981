"""HTTP/1.1 as uvicorn speaks it, with bounds: on the head of a request, and on how long half of one may stay.

The parser keeps a whole head in memory before it hands it over, so that its length has to be counted before it is fed
(docs/decisions/0011-a-request-is-bounded-before-it-is-read.md).
"""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar, Literal, cast

import orjson
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from api.wire.problems import MEDIA_TYPE, Problem, ProblemCode, document

HEAD_BYTES = 64 * 1024
"""The longest head: request line and headers. As much may come between the parts of a body."""
_PIECE = 16 * 1024


class BoundedProtocol(HttpToolsProtocol):
    """One connection. For somebody who sends or reads no more it holds what it has for a bounded time only."""

    head_seconds: ClassVar[float] = 20.0
    """For a whole head, from its first byte on; and for the first byte, from the connection on."""
    body_seconds: ClassVar[float] = 30.0
    """For a body; and one second more for each ``body_pace`` bytes of it that have come."""
    body_pace: ClassVar[int] = 1_000
    unread_seconds: ClassVar[float] = 60.0
    """For the client to read on, when it has let an answer stand."""
    parting_seconds: ClassVar[float] = 2.0
    """For a refused client to read why, before the connection ends under what it still sends."""

    # --- the connection ---

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """Wait for a first head."""
        super().connection_made(transport)
        self._stage: Literal["idle", "head", "body"] = "idle"
        self._head_bytes = self._body_bytes = self._between_bytes = 0
        self._refused = False
        self._patience: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self._since = self.loop.time()
        self._wait(self.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._stop_waiting()
        self._stop_waiting_for_reader()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed the parser, of a head no more than a head may have."""
        at = 0
        while at < len(data) and not self._refused and not self.transport.is_closing():
            room = _PIECE if self._stage == "body" else min(_PIECE, HEAD_BYTES - self._head_bytes)
            if room == 0 or self._between_bytes > HEAD_BYTES:
                self._refuse(
                    "head_too_large",
                    f"the head of a request may have {HEAD_BYTES} bytes",
                    limit_bytes=HEAD_BYTES,
                )
                return
            self._feed(data[at : at + room])
            at += room
        if self._stage != "idle" and self._patience is None and not self._refused:
            self._wait(self.head_seconds if self._stage == "head" else self.body_seconds)

    def _feed(self, piece: bytes) -> None:
        content = self._body_bytes
        if self._stage != "body":
            self._head_bytes += len(piece)
        super().data_received(piece)
        if self._stage == "body":
            self._between_bytes = 0 if self._body_bytes > content else self._between_bytes + len(piece)

    # --- what the parser tells ---

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._enter("head")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; fields behind a body are nobody's, the head that they would go into is in use."""
        if self._stage == "head":
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is whole; a body may follow."""
        super().on_headers_complete()
        self._body_bytes = self._between_bytes = self._head_bytes = 0
        self._enter("body")

    def on_body(self, body: bytes) -> None:
        """Some of the content."""
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole; another may follow."""
        super().on_message_complete()
        self._head_bytes = 0
        self._enter("idle")

    def _enter(self, stage: Literal["idle", "head", "body"]) -> None:
        self._stage = stage
        self._since = self.loop.time()
        self._stop_waiting()

    # --- who does not send on ---

    def _wait(self, seconds: float) -> None:
        self._patience = self.loop.call_later(seconds, self._waited)

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _waited(self) -> None:
        """Time is up, save for a body that comes quickly enough, or that we are not ready to read."""
        self._patience = None
        if self._stage == "idle":
            self.transport.close()
        elif self._stage == "head":
            self._refuse("too_slow", "the rest of the head did not come in time")
        elif (left := self._left()) > 0:
            self._wait(left)
        else:
            self._refuse("too_slow", "the rest of the body did not come in time")

    def _left(self) -> float:
        if self.flow.read_paused:
            self._since = self.loop.time()
        return self._since + self.body_seconds + self._body_bytes / self.body_pace - self.loop.time()

    # --- who does not read on ---

    def pause_writing(self) -> None:
        """The client lets an answer stand."""
        super().pause_writing()
        if self._unread is None:
            self._unread = self.loop.call_later(self.unread_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """It reads on."""
        self._stop_waiting_for_reader()
        super().resume_writing()

    def _stop_waiting_for_reader(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    # --- who is turned away ---

    def send_400_response(self, msg: str) -> None:
        """Turn away what is no HTTP; uvicorn's ``msg`` says no more than that."""
        del msg
        self._refuse("not_http", "this is no HTTP/1.1 request")

    def _refuse(self, code: ProblemCode, detail: str, **facts: Any) -> None:
        """Say why, unless another answer is on its way, and end the connection."""
        self._refused = True
        self._stop_waiting()
        under_way = cast("RequestResponseCycle | None", self.cycle)  # there is none before the first request
        if under_way is not None and under_way.response_complete:
            under_way = None
        if under_way is None or (self._stage == "body" and not under_way.response_started):
            self.transport.write(_written(Problem(code, detail, **facts)))
        if under_way is not None:
            under_way.disconnected = True
            under_way.message_event.set()
        self.flow.resume_reading()
        self.transport.write_eof()
        self._patience = self.loop.call_later(self.parting_seconds, self.transport.close)

    def shutdown(self) -> None:
        """Stop; nothing is kept open for who was turned away."""
        if self._refused:
            self.transport.close()
        else:
            super().shutdown()


def _written(problem: Problem) -> bytes:
    body = orjson.dumps(document(problem))
    head = (
        f"content-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\n"
        "cache-control: no-store\r\nx-content-type-options: nosniff\r\nconnection: close\r\n\r\n"
    )
    return STATUS_LINE[problem.status] + head.encode() + body
