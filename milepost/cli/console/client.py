"""The command line as a client of the HTTP interface: where the server is, who asks, what an answer means."""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass
from functools import cache
from mimetypes import guess_type
from pathlib import Path
from typing import Any, NoReturn
from uuid import uuid4

import httpx
import orjson

from milepost.cli.console import last_position
from milepost.cli.console.output import BAD_INPUT, REFUSED, UNREACHABLE, complain, fail
from milepost.cli.console.refusals import sentences
from milepost.cli.console.settings import settings
from milepost.embedded.errors import EmbeddedError
from milepost.up.home import Home

TIMEOUT_SECONDS = 30.0
_DOWNLOAD_SECONDS = 600.0
"""For the first byte, and for each after it: a long list is written whole before it is sent."""
_WRONG = frozenset({400, 404, 405, 413, 415, 422})
"""Statuses that say that what was typed is wrong, not that a rule refused it."""


@dataclass(frozen=True)
class Server:
    """A Milepost to talk to: its address, the token that says who we are, and where its last position is kept."""

    url: str
    token: str
    position_file: Path


def server() -> Server:
    """From MILEPOST_URL and MILEPOST_TOKEN, else from what `milepost up` wrote into its home."""
    url, token = os.environ.get("MILEPOST_URL"), os.environ.get("MILEPOST_TOKEN")
    home = Home(settings().home)
    kept = home.run / "last-position"
    if url and token:
        return Server(url.rstrip("/"), token, kept)
    running = home.running()
    if running is None:
        fail(f"no running Milepost found in {home.directory}: start `milepost up`, "
             "or set MILEPOST_URL and MILEPOST_TOKEN", UNREACHABLE)  # fmt: skip
    return Server((url or running.url).rstrip("/"), token or running.token, kept)


def ask(path: str, **query: Any) -> Any:
    """GET a view as JSON, with everything in it that was told before; query values that are None are left out."""
    to = server()
    wanted = {name: value for name, value in query.items() if value is not None}
    least = last_position.remembered(to.position_file, to.url)
    if least is None:
        return _told(to, _send(to, "GET", path, params=wanted))
    answer = _send(to, "GET", path, params={**wanted, "min_position": least})
    if _code(answer) == "ahead_of_log":  # another log is served at this address now
        last_position.forget(to.position_file)
        answer = _send(to, "GET", path, params=wanted)
    return _told(to, answer)


def ask_directly(path: str, **query: Any) -> Any:
    """As ``ask``, of what is no read model: there is nothing to wait for."""
    to = server()
    return _told(to, _send(to, "GET", path, params={k: v for k, v in query.items() if v is not None}))


def tell(
    path: str, body: dict[str, Any], *, actor: str | None = None, method: str = "POST", nulls: bool = False
) -> Any:
    """Send a command, once: it carries an Idempotency-Key. None is left out, but with ``nulls``."""
    to = server()
    headers = {"Idempotency-Key": str(uuid4()), "Content-Type": "application/json"}
    if actor is not None:
        headers["Milepost-Actor"] = actor
    content = _json({name: value for name, value in body.items() if nulls or value is not None})
    told = _told(to, _send(to, method, path, content=content, headers=headers))
    try:
        last_position.remember(to.position_file, to.url, told["position"])
    except (EmbeddedError, OSError) as error:
        complain(f"it is done, but the next look may not show it yet: {error}")
    return told


def look(path: str, body: dict[str, Any]) -> Any:
    """POST what is no command on the log, such as a question; the answer as JSON."""
    to = server()
    headers = {"Content-Type": "application/json"}
    return _told(to, _send(to, "POST", path, content=_json(body), headers=headers))


def delete(path: str, **query: Any) -> Any:
    """DELETE what is there; what the answer tells, None when it tells nothing."""
    to = server()
    answer = _send(to, "DELETE", path, params=query)
    return None if answer.status_code == 204 else _told(to, answer)


def upload(path: str, file: Path, **query: Any) -> Any:
    """POST the content of a file as it is."""
    to = server()
    with file.open("rb") as content:
        kind = guess_type(file.name)[0] or "application/octet-stream"
        return _told(
            to, _send(to, "POST", path, params=query, content=content, headers={"Content-Type": kind})
        )


def download(path: str, file: Path, **query: Any) -> int:
    """GET a content into a file that must not be there yet; how many bytes it has. Whole, or there is no file."""
    to = server()
    wanted = {name: value for name, value in query.items() if value is not None}
    headers = {"Authorization": f"Bearer {to.token}"}
    try:
        with httpx.stream(
            "GET",
            to.url + path,
            params=wanted,
            headers=headers,
            timeout=_DOWNLOAD_SECONDS,
            verify=_trust(to.url),
        ) as answer:
            if not answer.is_success:
                answer.read()
                _refused(answer)
            return _write_all(answer, file)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        fail(f"{to.url} did not send all of it: {error}", UNREACHABLE)


def _write_all(answer: httpx.Response, file: Path) -> int:
    """What was written before a transfer broke is taken away again."""
    with file.open("xb") as into:
        try:
            for part in answer.iter_bytes():
                into.write(part)
        except BaseException:
            file.unlink()
            raise
        return into.tell()


def _json(body: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(body)
    except orjson.JSONEncodeError as error:
        fail(f"this cannot be sent: {error}; texts are UTF-8, numbers of at most 64 bits", BAD_INPUT)


def _trust(url: str) -> ssl.SSLContext:
    return _certificates() if url.lower().startswith("https:") else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@cache
def _certificates() -> ssl.SSLContext:
    """Those of the system. To read them takes longer than most answers: not where nothing is encrypted."""
    return httpx.create_ssl_context()


def _send(to: Server, method: str, path: str, **request: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {to.token}", **request.pop("headers", {})}
    try:
        return httpx.request(
            method, to.url + path, headers=headers, timeout=TIMEOUT_SECONDS, verify=_trust(to.url), **request
        )
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        fail(f"{to.url} does not answer: {error}", UNREACHABLE)
    except UnicodeError:
        fail("this cannot be sent: texts are UTF-8", BAD_INPUT)


def _told(to: Server, answer: httpx.Response) -> Any:
    if not answer.is_success:
        _refused(answer)
    try:
        return orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        fail(f"{to.url} answers something that is not Milepost's: {answer.text[:80]!r}", UNREACHABLE)


def _code(answer: httpx.Response) -> str | None:
    problem = _problem(answer)
    return None if problem is None else problem.get("code")


def _problem(answer: httpx.Response) -> dict[str, Any] | None:
    if answer.is_success or "json" not in answer.headers.get("content-type", ""):
        return None
    try:
        told = orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        return None
    return told if isinstance(told, dict) else None


def _refused(answer: httpx.Response) -> NoReturn:
    problem = _problem(answer)
    text = f"{answer.status_code} {answer.reason_phrase}" if problem is None else sentences(problem)
    if answer.status_code >= 500:
        fail(text, UNREACHABLE)
    fail(text, BAD_INPUT if answer.status_code in _WRONG else REFUSED)
