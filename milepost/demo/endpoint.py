"""Where the demonstration's services listen: on the loopback, once the first call goes to them, for our calls only."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from uuid import UUID

from application import incidents
from application.asked import Asked
from application.blocking import finish
from application.milepost import Milepost
from domain.words import Actor, Rejected
from milepost.demo.services import HOST, Services
from store import files
from workers.automations.signing import Signer

THEY = Actor("service:demonstration")
_MOST_BYTES = 1 << 20
_PATIENCE_SECONDS = 10.0


class Endpoint:
    """Starts listening when its address is asked for. It answers only calls that are signed as ours are."""

    def __init__(
        self,
        app: Milepost,
        clock: Callable[[], datetime],
        signer: Signer,
    ) -> None:
        self._app, self._clock = app, clock
        self._signer = signer
        self._services = Services(self._keep, self._tell)
        self._lock = Lock()
        self._server: ThreadingHTTPServer | None = None

    def address(self) -> tuple[str, int]:
        """Host and port; from now on somebody listens there, until this process ends."""
        with self._lock:
            if self._server is None:
                self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
                self._server.daemon_threads = True
                Thread(target=self._server.serve_forever, name="demonstration", daemon=True).start()
            return "127.0.0.1", self._server.server_port

    def close(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        """Status and body of an answer."""
        if not self._signer.signed(HOST, headers, body, self._clock()):
            return 403, b'{"detail": "the call is not signed by this Milepost"}'
        key = headers.get("idempotency-key", "")
        status, told = self._services.answer(method, path, key, body)
        return status, json.dumps(told).encode()

    def _keep(self, name: str, content: bytes) -> dict[str, Any]:
        sha256 = hashlib.sha256(content)
        with self._app.started_log.lend() as connection:
            files.put(connection, sha256.digest(), len(content), [content])
        return {"name": name, "size": len(content), "type": "text/plain", "sha256": sha256.hexdigest()}

    def _tell(self, stream: UUID, event: str, source_id: str) -> None:
        """Kept by the run until a step waits for it; a run that waits for no such thing is told nothing."""
        asked = Asked(THEY, self._clock())
        with suppress(Rejected):
            finish(incidents.tell_run(self._app, stream, asked, event=event, source_id=source_id, values={}))


def _handler(endpoint: Endpoint) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = _PATIENCE_SECONDS

        def _take(self) -> None:
            size = self.headers.get("content-length", "0")
            if not size.isdecimal() or len(size) > 9 or int(size) > _MOST_BYTES:
                self.send_error(413)
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, body = endpoint.answer(self.command, self.path, headers, self.rfile.read(int(size)))
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PUT = do_POST = _take  # noqa: N815 - the names that the server looks for

        def log_message(self, *_: Any) -> None:
            """Calls are in the log of events already."""

    return Handler
