"""Forms on their way to what they ask for and back: read, handed on, answered as script or a browser expects."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson
from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.responses import RedirectResponse, Response

from api.access.guard import check_form
from api.handling.form import form_of as read_form
from api.handling.orders import Answered, Order, carry_out
from api.handling.services import Services
from api.run.files import StoredFile, keep
from api.wire.destinations import own_page
from api.wire.problems import Problem
from web.forms import fields
from web.rendering.contents import changes_in_words
from web.rendering.errors import accepts_json, refused
from web.rendering.page import reveal
from web.words.people import NAMES
from web.words.refusals import Titles, spoken

_MOST_FILES = 20
_MOST_FIELDS = 1_000
_PART_BYTES = 1 << 16
_FILES_OF = ("values:files:", "refused:files:")


@dataclass(frozen=True, slots=True)
class Sent:
    """A form as it came: its names and values, the last value of each name, and the token of its session."""

    pairs: list[tuple[str, str]]
    csrf: str

    @property
    def plain(self) -> dict[str, str]:
        """The last value of each name."""
        return dict(self.pairs)


async def form_of(request: Request) -> Sent:
    """The names and values of a form whose CSRF token is this session's; the files in it are kept."""
    async with read_form(request, max_files=_MOST_FILES, max_fields=_MOST_FIELDS) as form:
        csrf = reveal(str(form.get("csrf", "")))
        check_form(request, csrf)
        return Sent(await pairs_of(request, form.multi_items()), csrf)


async def pairs_of(request: Request, given: list[tuple[str, Any]]) -> list[tuple[str, str]]:
    """Every name with its text; instead of a file what keeps it, as the reader of forms takes it."""
    pairs = [(name, value) for name, value in given if isinstance(value, str)]
    files: dict[str, list[Any]] = {}
    for name, value in given:
        if not isinstance(value, UploadFile) or not value.filename:
            continue
        if name.startswith(_FILES_OF):
            files.setdefault(name, []).append(asdict(await _kept(request, value)))
        elif name == "attached":
            pairs += fields.attachment(await _kept(request, value))
    return pairs + fields.typed_files(files)


async def _kept(request: Request, given: UploadFile) -> StoredFile:
    """Keep the content of a file that came with a form."""
    services: Services = request.app.state.services

    async def content() -> AsyncIterator[bytes]:
        while part := await given.read(_PART_BYTES):
            yield part

    return await keep(services, given.filename or "file", given.content_type or "", content())


async def body_of(request: Request, sent: Sent) -> dict[str, Any]:
    """The body of the command that a form is."""
    services: Services = request.app.state.services
    verb, house = request.path_params.get("verb", ""), await services.directories.now()
    NAMES.set(house)
    return fields.body(sent.pairs, verb, services.calendar.zone, house)


async def carried_out(
    request: Request,
    sent: Sent,
    order: Order | None,
    body: Mapping[str, Any],
    path: Mapping[str, str] | None = None,
) -> Answered:
    """What is said to the order; ``path`` where its address names something else than the form's own.

    Without an order there is nothing at the address that the form went to.
    """
    if order is None:
        raise Problem("not_found", "there is nothing at this address")
    form = sent.plain
    told = await carry_out(
        request,
        order,
        path or request.path_params,
        body,
        command=form.get("command", ""),
        version=form.get("expected_version", ""),
    )
    return with_changes(request, told)


def with_changes(request: Request, told: Answered) -> Answered:
    """The answer, with lines about what has changed where it was refused because of that."""
    services: Services = request.app.state.services
    if "changed" in told.body:
        told.body["lines"] = changes_in_words(told.body, services.calendar.zone)
    return told


def answered(request: Request, told: Answered, sent: Sent, titles: Titles | None = None) -> Response:
    """To script what was said, in words beside; to a plain form the page again, or why not."""
    if accepts_json(request):
        body = {**told.body, "next": _next(request, told)} if told.accepted else spoken(told.body, titles)
        return Response(orjson.dumps(body), told.status, {"Cache-Control": "no-store"}, "application/json")
    if not told.accepted:
        return refused(request, told.status, told.body, _back(request, sent), titles)
    place = _next(request, told) or _back(request, sent)
    return RedirectResponse(
        f"{place}{'&' if '?' in place else '?'}min_position={told.body.get('position', 0)}", 303
    )


def _next(request: Request, told: Answered) -> str | None:
    return f"/runs/{told.body['id']}" if request.scope["path"] == "/runs" and told.accepted else None


def _back(request: Request, sent: Sent) -> str:
    """The page that the form stood on: a path of ours, never another site."""
    return own_page(sent.plain.get("next") or _path_of(request.headers.get("referer", ""))) or "/"


def _path_of(address: str) -> str:
    """The path of an address; nothing of what is none."""
    try:
        return urlsplit(address).path
    except ValueError:
        return ""
