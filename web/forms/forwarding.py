"""Hands a page's command to the HTTP interface inside this process: one path for commands, whoever sends them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson
from fastapi import Request
from starlette.types import Message

_KEPT = frozenset({b"cookie", b"authorization", b"origin", b"host", b"sec-fetch-site", b"milepost-actor"})


@dataclass(slots=True)
class Answered:
    """What the HTTP interface said."""

    status: int
    body: dict[str, Any]

    @property
    def accepted(self) -> bool:
        """Whether the command was carried out (or had been before)."""
        return self.status < 300


async def forward(
    request: Request,
    path: str,
    body: Any,
    *,
    csrf: str,
    command: str = "",
    version: str = "",
    method: str = "POST",
    query: str = "",
) -> Answered:
    """Send a command as a program would, with the caller's own credential; the guard judges it again."""
    sent = orjson.dumps(body)
    headers = [(name, value) for name, value in request.scope["headers"] if name in _KEPT]
    headers += [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(sent)).encode()),
        (b"x-csrf-token", csrf.encode("latin-1")),
    ]
    headers += [(b"idempotency-key", f"page {command}".encode("ascii", "replace"))] if command else []
    headers += [(b"if-match", f'"{version}"'.encode("ascii", "replace"))] if version else []
    kept = {
        key: request.scope[key]
        for key in ("type", "asgi", "http_version", "scheme", "server", "client")
        if key in request.scope
    }
    scope = {
        **kept,
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": headers,
    }
    return await _call(request, scope, sent)


async def _call(request: Request, scope: dict[str, Any], sent: bytes) -> Answered:
    got = Answered(500, {})
    parts: list[bytes] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": sent, "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            got.status = message["status"]
        else:
            parts.append(message.get("body", b""))

    await request.app(scope, receive, send)
    text = b"".join(parts)
    got.body = orjson.loads(text) if text else {}
    return got
