"""What an address may hold: text that can be stored, and each parameter once."""

from __future__ import annotations

import re
from urllib.parse import unquote_plus

from api.wire.problems import Problem

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NO_TEXT = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
"""Control characters but those that a pasted text may have: tabs and ends of lines."""
_WRITTEN = re.compile(rb"[\x00-\x1f\x7f]|%(?:[01]|7[fF])")


def must_be_plain(path: str, query: bytes) -> None:
    """A problem when the path names what cannot be there, or a parameter is no text or (to a program) is said twice."""
    if _CONTROL.search(path):
        raise Problem("not_found", "there is nothing at an address with control characters")
    once = path.startswith("/v1/") and b"&" in query
    if once or _WRITTEN.search(query):
        _must_be_text(query.decode("latin-1"), once=once)


def _must_be_text(query: str, *, once: bool) -> None:
    names: set[str] = set()
    for part in query.split("&"):
        name, _, value = (unquote_plus(text) for text in part.partition("="))
        if _NO_TEXT.search(value) or _CONTROL.search(name):
            raise _invalid(name, "control_character", "holds a control character, such as U+0000; send text")
        if once and name and name in names:
            raise _invalid(name, "said_twice", "is said twice; say it once")
        names.add(name)


def _invalid(name: str, code: str, detail: str) -> Problem:
    field = _CONTROL.sub("?", name)
    errors = [{"field": field, "code": code, "detail": detail}]
    return Problem("invalid", f"the parameter {field} {detail}", errors=errors)
