"""The page that brings people in from a sheet: first what it would do, then, on a second button, in earnest."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.datastructures import UploadFile
from starlette.responses import Response

from api.access.guard import check_form
from api.access.matrix import Rule
from api.handling.form import form_of
from api.people.importing import as_text, imported
from api.wire.reading import MAX_BODY_BYTES, too_large
from web.rendering.page import page, reveal

RULES: dict[str, Rule] = {
    "GET /import-people": Rule(frozenset({"admin"})),
    "POST /import-people": Rule(frozenset({"admin"}), csrf="form"),
}
"""Administrators, as with POST /v1/people/import."""


def add_import_page(router: APIRouter) -> None:
    """Register the page."""
    router.add_api_route("/import-people", asked, methods=["GET"], response_model=None)
    router.add_api_route("/import-people", sent, methods=["POST"], response_model=None)


async def asked(request: Request) -> Response:
    """The empty form."""
    return page(request, "import_people.html", told=None, text="")


async def sent(request: Request) -> Response:
    """What the sheet would do, or did; of a sheet with faults nothing, unless the rest was asked for."""
    async with form_of(request, max_files=1, max_fields=10) as form:
        check_form(request, reveal(str(form.get("csrf", ""))))
        text = await _sheet(form.get("sheet") or form.get("text") or "")
        carry_out, partial = bool(form.get("carry_out")), bool(form.get("partial"))
    told = await imported(request, text, dry_run=not carry_out, partial=partial)
    status = 422 if told.faults and not told.done else 200
    return page(request, "import_people.html", status=status, told=told, text=text)


async def _sheet(given: UploadFile | str) -> str:
    body = given.encode() if isinstance(given, str) else await given.read(MAX_BODY_BYTES + 1)
    if len(body) > MAX_BODY_BYTES:
        raise too_large(MAX_BODY_BYTES)
    return as_text(body)
