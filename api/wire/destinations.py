"""Where a browser may be sent after signing in or after a form: to a page of our own, never anywhere else."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

LONGEST = 2_000
_PATH = re.compile(r"/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*")
_QUERY = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*")
_NO_PAGES = (
    "/sign-in",
    "/sign-out",
    "/v1/",
    "/health/",
    "/static/",
    "/openapi",
    "/calendar/",
    "/guest/",
    "/decide/",
)
_DECODINGS = 3


def own_page(wanted: str | None) -> str | None:
    """The path and query of a page of ours as they were given; None for anything that is, or could be read as, more.

    Refused: other schemes and hosts however they are written (with two slashes, with backslashes, with percent signs
    in several layers), dot segments, control characters, and addresses that are no pages.
    """
    if wanted is None or len(wanted) > LONGEST:
        return None
    path, _, query = wanted.partition("?")
    if not _PATH.fullmatch(path) or not _QUERY.fullmatch(query) or f"{path}/".startswith(_NO_PAGES):
        return None
    parts = urlsplit(wanted)
    if parts.scheme or parts.netloc or not _is_plain(path) or not _is_printable(query):
        return None
    return wanted


def _is_plain(path: str) -> bool:
    """Whether a path stays one path, however often its percent signs are read."""
    for _ in range(_DECODINGS):
        segments = path.split("/")[1:]
        if "\\" in path or "" in segments[:-1] or not {".", ".."}.isdisjoint(segments):
            return False
        if not path.isascii() or not path.isprintable():
            return False
        before, path = path, unquote(path, "latin-1")
        if path == before:
            return True
    return False


def _is_printable(query: str) -> bool:
    return unquote(query, errors="replace").isprintable()
