"""Pages instead of problem documents, for people: not signed in, not allowed, nothing here, refused, a defect."""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.signing_in.entering import keep_wanted
from api.wire.problems import MEDIA_TYPE
from web.rendering.page import page
from web.words.refusals import Titles, in_words, spoken

_PROGRAMS = ("/v1/", "/health/", "/openapi", "/static/")
_TRIED = frozenset({"bad_link", "wrong_password", "wrong_code", "provider_refused", "unknown_identity"})
"""Refusals of those who try to come in; the page says so beside the form."""
_DEFECT = {
    "title": "Something broke",
    "detail": "This is a defect of Milepost; nothing you did is lost.",
    "code": "internal",
}


def accepts_json(request: Request) -> bool:
    """Whether script asks, not the browser itself."""
    return "application/json" in request.headers.get("accept", "")


def refused(
    request: Request,
    status: int,
    problem: dict[str, Any],
    back: str = "/",
    titles: Titles | None = None,
) -> Response:
    """The page that says why not; for somebody unknown the page that says how to come in."""
    if status == 401 and own_form(problem.get("back")) is None:
        tried = problem if problem.get("code") in _TRIED else None
        provider = request.app.state.services.provider
        title = provider.registered.title if provider is not None else None
        asked = page(request, "sign_in.html", status=status, problem=tried, provider=title)
        if tried is None:
            keep_wanted(request, asked)
        return asked
    said = in_words(problem, titles)
    back = own_form(problem.get("back")) or back
    return page(request, "problem.html", status=status, problem=problem, said=said, back=back)


def own_form(back: Any) -> str | None:
    """The page of a link that signs in, where a refusal names it; it is no page that anybody is sent on to."""
    return back if isinstance(back, str) and back.startswith("/sign-in?link=") else None


class ErrorPages:
    """Turns every problem document into a page when a person asked for a page."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on but problems."""
        if scope["type"] != "http" or scope["path"].startswith(_PROGRAMS):
            await self._app(scope, receive, send)
            return
        answering = _Answering(scope, receive, send)
        try:
            await self._app(scope, receive, answering.send)
        except Exception:
            if not answering.begun and not accepts_json(Request(scope)):
                await refused(Request(scope), 500, _DEFECT)(scope, receive, send)
            raise


class _Answering:
    """Holds a problem back until it is whole, then sends the page."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._status = 0
        self._parts: list[bytes] | None = None
        self.begun = False

    async def send(self, message: Message) -> None:
        """One message of the answer."""
        if message["type"] == "http.response.start" and _is_problem(message):
            self._status, self._parts = message["status"], []
        elif self._parts is None:
            self.begun = True
            await self._send(message)
        else:
            self._parts.append(message.get("body", b""))
            if not message.get("more_body"):
                await self._page(b"".join(self._parts))

    async def _page(self, body: bytes) -> None:
        self.begun = True
        request, problem = Request(self._scope), orjson.loads(body)
        if accepts_json(request):
            shown: Response = JSONResponse(spoken(problem), self._status, {"Cache-Control": "no-store"})
        else:
            shown = refused(request, self._status, problem)
        await shown(self._scope, self._receive, self._send)


def _is_problem(message: Message) -> bool:
    kinds = [value for name, value in message.get("headers", []) if name.lower() == b"content-type"]
    return any(kind.startswith(MEDIA_TYPE.encode()) for kind in kinds)
