"""HEAD for every address that answers GET: the same status and headers, no body, and a stream ends where it begins."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.wire.problems import MEDIA_TYPE


class Heads:
    """Has a HEAD answered as the GET that it stands for; the server itself leaves the body of a problem out."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything but HEAD on as it is."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        head = _Head(send)
        # as of this version of ASGI an answer that streams listens for the end of its client
        asgi = {**scope["asgi"], "spec_version": "2.3"}
        await self._app({**scope, "method": "GET", "asgi": asgi}, head.receive, head.send)


class _Head:
    """One HEAD under way."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._asked = False
        self._problem = False
        self._answered = asyncio.Event()

    async def receive(self) -> Message:
        """A request without a body, whose client has gone once it has the headers."""
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._answered.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """The headers, and at once the end; a problem goes on whole, because a page may be made of it."""
        if message["type"] == "http.response.start":
            self._problem = any(
                value.startswith(MEDIA_TYPE.encode())
                for name, value in message["headers"]
                if name.lower() == b"content-type"
            )
            await self._send(message)
            if not self._problem:
                await self._send({"type": "http.response.body", "body": b"", "more_body": False})
                self._answered.set()
        elif self._problem:
            await self._send(message)
