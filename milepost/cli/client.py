"""The command line as a client of the HTTP interface: where the server is, who asks, what an answer means."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, NoReturn
from uuid import uuid4

import httpx
import orjson

from milepost.cli.database import settings
from milepost.cli.output import BAD_INPUT, REFUSED, UNREACHABLE, fail
from milepost.instance import Home

TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True)
class Server:
    """A Milepost to talk to: its address, and the token that says who we are."""

    url: str
    token: str


def server() -> Server:
    """From MILEPOST_URL and MILEPOST_TOKEN, else from what `milepost up` wrote into its home."""
    url, token = os.environ.get("MILEPOST_URL"), os.environ.get("MILEPOST_TOKEN")
    if url and token:
        return Server(url.rstrip("/"), token)
    home = Home(settings().home)
    running = home.running()
    if running is None:
        fail(f"no running Milepost found in {home.directory}: start `milepost up`, "
             "or set MILEPOST_URL and MILEPOST_TOKEN", UNREACHABLE)  # fmt: skip
    return Server(url or running.url, token or running.token)


def ask(path: str, **query: Any) -> Any:
    """GET an answer as JSON; query values that are None are left out."""
    wanted = {name: value for name, value in query.items() if value is not None}
    return _send("GET", path, params=wanted)


def tell(path: str, body: dict[str, Any], *, actor: str | None = None, method: str = "POST") -> Any:
    """Send a command, once: it carries an Idempotency-Key. Body values that are None are left out."""
    headers = {"Idempotency-Key": str(uuid4())}
    if actor is not None:
        headers["Milepost-Actor"] = actor
    content = orjson.dumps({name: value for name, value in body.items() if value is not None})
    headers["Content-Type"] = "application/json"
    return _send(method, path, content=content, headers=headers)


def _send(method: str, path: str, **request: Any) -> Any:
    to = server()
    headers = {"Authorization": f"Bearer {to.token}", **request.pop("headers", {})}
    try:
        answer = httpx.request(method, to.url + path, headers=headers, timeout=TIMEOUT_SECONDS, **request)
    except httpx.HTTPError as error:
        fail(f"{to.url} does not answer: {error}", UNREACHABLE)
    if answer.is_success:
        return orjson.loads(answer.content) if answer.content else None
    return _refused(answer)


def _refused(answer: httpx.Response) -> NoReturn:
    try:
        problem = answer.json()
        text = f"{problem.get('code', answer.status_code)}: {problem.get('detail') or problem.get('title')}"
        known = {"type", "title", "status", "code", "detail", "instance"}
        facts = {name: value for name, value in problem.items() if name not in known}
        text += f"\n{orjson.dumps(facts, option=orjson.OPT_INDENT_2).decode()}" if facts else ""
    except ValueError:
        text = f"{answer.status_code} {answer.reason_phrase}"
    code = UNREACHABLE if answer.status_code in {502, 503, 504} else REFUSED
    fail(text, BAD_INPUT if answer.status_code in {400, 404, 422} else code)
