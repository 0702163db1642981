"""A real HTTP service on loopback for tests of calls: it can honour keys, fail, hang, and answer anything."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Heard:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: str

    @property
    def key(self) -> str:
        """The idempotency key; nothing where none was sent, as by a browser."""
        return self.headers.get("idempotency-key", "")

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass
class Receiver:
    """What came, what it did, and how it answers. ``effects`` are counted once a key where ``honours_keys``."""

    port: int = 0
    honours_keys: bool = True
    answer: Callable[[Heard], tuple[int, dict[str, str], bytes]] = field(
        default=lambda _: (200, {}, b'{"account": {"id": "A1"}}')
    )
    heard: list[Heard] = field(default_factory=list)
    effects: list[str] = field(default_factory=list)
    failures_left: int = 0
    failure: int = 503
    hold: threading.Event | None = None
    """When set, an answer waits for this after its effect was made."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    def take(self, request: Heard) -> tuple[int, dict[str, str], bytes]:
        """Hear a request, make its effect, and say what to answer."""
        with self.lock:
            self.heard.append(request)
            if self.failures_left > 0:
                self.failures_left -= 1
                return self.failure, {}, b"not now"
            if not (self.honours_keys and request.key in self.effects):
                self.effects.append(request.key)
        if self.hold is not None:
            self.hold.wait(30)
        return self.answer(request)


@contextmanager
def receiver(**settings: Any) -> Iterator[Receiver]:
    """A service that runs as long as the block does."""
    made = Receiver(**settings)

    class Handler(BaseHTTPRequestHandler):
        def do(self) -> None:
            size = int(self.headers.get("content-length") or 0)
            headers = {name.lower(): value for name, value in self.headers.items()}
            heard = Heard(self.command, self.path, headers, self.rfile.read(size).decode())
            status, more, body = made.take(heard)
            try:
                self.send_response(status)
                for name, value in {"content-length": str(len(body)), **more}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do  # noqa: N815 - the base class's names

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield made
    finally:
        if made.hold is not None:
            made.hold.set()
        server.shutdown()
        thread.join()
        server.server_close()
