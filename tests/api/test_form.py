"""Forms are counted while they arrive: what is too large is refused at its limit, not when all of it is there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.requests import Request

from api.handling.form import TYPED_BYTES, form_of
from api.wire.problems import Problem
from api.wire.spool import Spool
from tests.api.conftest import Api
from tests.support.clients import post

LIMIT = 200_000
BOUNDARY = b"--x\r\n"
FILE = BOUNDARY + b'Content-Disposition: form-data; name="values:files:papers"; filename="a.pdf"\r\n\r\n'
FIELD = BOUNDARY + b'Content-Disposition: form-data; name="notes"\r\n\r\n'
MULTIPART = "multipart/form-data; boundary=x"
FORM = "application/x-www-form-urlencoded"


class Sender:
    """Somebody who sends a form in pieces; ``sent`` is how much was taken."""

    def __init__(self, content: bytes, kind: str, declared: int | None = None) -> None:
        self.spool = Spool(20 * LIMIT)
        self.sent = 0
        self._content = content
        services = SimpleNamespace(file_limit_bytes=LIMIT, spool=self.spool)
        headers = [(b"content-type", kind.encode())]
        headers += [] if declared is None else [(b"content-length", str(declared).encode())]
        app = SimpleNamespace(state=SimpleNamespace(services=services))
        self.request = Request({"type": "http", "headers": headers, "app": app}, self._receive)

    async def _receive(self) -> dict[str, Any]:
        piece = self._content[self.sent : self.sent + 50_000]
        self.sent += len(piece)
        return {"type": "http.request", "body": piece, "more_body": self.sent < len(self._content)}

    async def refused(self) -> Problem:
        """Why the form is not taken."""
        with pytest.raises(Problem) as told:
            async with form_of(self.request, max_files=20, max_fields=1_000):
                pass
        return told.value


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("form", "kind", "limit"),
    [
        (FILE + b"a" * 4_000_000, MULTIPART, LIMIT),
        ((FILE + b"a" * (LIMIT - 1_000) + b"\r\n") * 20, MULTIPART, 2 * LIMIT + TYPED_BYTES),
        (FIELD + b"a" * 4_000_000, MULTIPART, TYPED_BYTES),
        ((FIELD + b"a" * 500_000 + b"\r\n") * 20, MULTIPART, TYPED_BYTES),
        (b"notes=" + b"a" * 4_000_000, FORM, 2 * LIMIT + TYPED_BYTES),
    ],
)
async def test_what_is_too_large_is_refused_at_its_limit(form: bytes, kind: str, limit: int):
    """A file, many files, a text or many texts: no more is taken than the limit, and nothing stays on the disk."""
    sender = Sender(form, kind)
    problem = await sender.refused()
    assert (problem.code in {"too_large", "invalid"}, sender.spool.held) == (True, 0)
    assert sender.sent <= limit + 100_000 < len(form)


@pytest.mark.anyio
async def test_a_form_that_says_how_large_it_is_is_refused_unread():
    """Before the first byte of it."""
    sender = Sender(FILE, MULTIPART, declared=500_000_000)
    assert ((await sender.refused()).code, sender.sent) == ("too_large", 0)


@pytest.mark.anyio
async def test_all_uploads_together_are_bounded():
    """When others hold all the room there is, an upload is asked to come again; then there is room."""
    sender = Sender(FILE + b"a" * 100_000 + b"\r\n--x--\r\n", MULTIPART)
    with sender.spool.use() as others:
        others.take(20 * LIMIT - 1_000)
        problem = await sender.refused()
    assert (problem.status, problem.code, problem.headers["Retry-After"]) == (503, "overloaded", "60")
    assert sender.spool.held == 0


@pytest.mark.anyio
async def test_what_is_no_form_is_told_so():
    """A broken form, one without a boundary, another type: never a defect."""
    for content, kind in ((b"x", "multipart/form-data"), (b"--y", MULTIPART), (b"{}", "application/json")):
        assert (await Sender(content, kind).refused()).code == "invalid", kind


@pytest.mark.anyio
async def test_files_and_texts_within_the_limits_come_whole():
    """Files to their last byte, texts as they were typed; a button that says nothing is a form too."""
    content = FIELD + b"Gr\xc3\xbc\xc3\x9fe\r\n" + FILE + b"a" * LIMIT + b"\r\n--x--\r\n"
    sender = Sender(content, MULTIPART)
    async with form_of(sender.request, max_files=20, max_fields=1_000) as form:
        read: Callable[[], Any] = form["values:files:papers"].read  # type: ignore[union-attr]  # a file
        assert (form["notes"], await read(), sender.spool.held) == ("Grüße", b"a" * LIMIT, len(content))
    assert sender.spool.held == 0
    async with form_of(Sender(b"", "").request, max_files=0, max_fields=10) as form:
        assert form.multi_items() == []


def test_every_form_is_read_by_what_counts_it():
    """Also the one that signs in, which anybody may send: the framework's own reader judges size after it has read."""
    rooms = (Path(__file__).parents[2] / room for room in ("api", "web"))
    uncounted = [path.name for room in rooms for path in room.rglob("*.py") if ".form(" in path.read_text()]
    assert uncounted == []


def test_a_sign_in_that_is_too_large_is_refused(api: Api):
    """Nobody knows the caller yet; what they send is bounded like any other form."""
    content = b"link=" + b"a" * (TYPED_BYTES + 1)
    answer = post(f"{api.url}/sign-in", content=content, headers={"Content-Type": FORM})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    answer = post(f"{api.url}/sign-in", content=b"--x\r\n", headers={"Content-Type": MULTIPART})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
