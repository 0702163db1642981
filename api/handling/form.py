"""Reads forms of pages: counted while they arrive, so that what is too large never fills memory or disk."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.datastructures import FormData
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser
from starlette.requests import Request

from api.handling.services import Services
from api.wire.problems import Problem

TYPED_BYTES = 1 << 20
"""What may be typed into one form, all fields together."""
_CHARSET = re.compile(r"""charset\s*=\s*["']?([^\s;"']*)""", re.IGNORECASE)


@asynccontextmanager
async def form_of(request: Request, *, max_files: int, max_fields: int) -> AsyncIterator[FormData]:
    """The form that was sent; its files are there as long as the context lasts.

    Raises Problem("too_large") as soon as a file, or the whole, is above its limit, and "invalid" for what is no form.
    """
    services: Services = request.app.state.services
    most = TYPED_BYTES + (2 * services.file_limit_bytes if max_files else 0)
    with services.spool.use() as used:
        content = _counted(request, most, used.take)
        form = await _parsed(request, content, services.file_limit_bytes, max_files, max_fields)
        try:
            _must_be_storable(form)
            yield form
        finally:
            await form.close()


async def _parsed(
    request: Request, content: AsyncGenerator[bytes, None], file_bytes: int, max_files: int, max_fields: int
) -> FormData:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    bounds: dict[str, Any] = {"max_fields": max_fields, "max_part_size": TYPED_BYTES}
    if not kind:
        return FormData()  # a button without anything to say
    _must_be_utf8(request)
    try:
        if kind == "application/x-www-form-urlencoded":
            return await FormParser(request.headers, content, **bounds).parse()
        if kind == "multipart/form-data":
            return await _Parts(request, content, file_bytes, max_files=max_files, **bounds).parse()
    except MultiPartException as error:
        errors = [{"field": "", "code": "not_a_form", "detail": error.message}]
        raise Problem("invalid", error.message, errors=errors) from None
    raise Problem(
        "invalid", f"the body is {kind or 'of no type'}; send a form", accepted=["multipart/form-data"]
    )


def _must_be_utf8(request: Request) -> None:
    """A problem when the form says that its text is in another charset: pages ask for UTF-8."""
    named = _CHARSET.search(request.headers.get("content-type", ""))
    if named is not None and named[1].lower() not in ("utf-8", "utf8", "us-ascii"):
        raise Problem("invalid", f"the form is in {named[1][:40]}; send UTF-8", accepted=["utf-8"])


def _must_be_storable(form: FormData) -> None:
    """A problem when a name or a text in the form holds what no database takes."""
    for name, value in form.multi_items():
        if "\0" in name or (isinstance(value, str) and "\0" in value):
            field = name.replace("\0", "?")
            detail = "text holds the character U+0000, which cannot be stored"
            raise Problem(
                "invalid", f"{field}: {detail}", errors=[{"field": field, "code": "nul", "detail": detail}]
            )


class _Parts(MultiPartParser):
    """A form with files, each of which is counted while it comes."""

    def __init__(
        self, request: Request, content: AsyncGenerator[bytes, None], file_bytes: int, **bounds: Any
    ) -> None:
        super().__init__(request.headers, content, **bounds)
        self._most, self._typed_bytes, self._file_bytes = file_bytes, 0, 0

    def on_part_begin(self) -> None:
        """Count anew."""
        super().on_part_begin()
        self._file_bytes = 0

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        """Take some of a file, or of what was typed, unless that is too much."""
        if self._current_part.file is not None:
            self._file_bytes += end - start
            if self._file_bytes > self._most:
                raise _too_large(f"a file may have {self._most} bytes", self._most)
        else:
            self._typed_bytes += end - start
            if self._typed_bytes > TYPED_BYTES:
                raise _too_large(f"what is typed into a form may have {TYPED_BYTES} bytes", TYPED_BYTES)
        super().on_part_data(data, start, end)


async def _counted(request: Request, most: int, take: Any) -> AsyncGenerator[bytes, None]:
    """The body as it comes, no more of it than ``most``."""
    declared = request.headers.get("content-length", "")
    size = int(declared) if declared.isdecimal() and len(declared) < 20 else 0
    if size > most:
        raise _too_large(f"a form may carry {most} bytes; upload large files one after the other", most)
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise _too_large(f"a form may carry {most} bytes; upload large files one after the other", most)
        take(len(part))
        yield part


def _too_large(detail: str, limit: int) -> Problem:
    return Problem("too_large", detail, limit_bytes=limit)
