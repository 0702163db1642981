"""Answers that say by their ETag what they are, and are not sent again to whoever has them already (RFC 9110)."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b

from starlette.requests import Request
from starlette.responses import Response

_TAG_BYTES = 16


def conditional(request: Request, body: bytes, media_type: str, headers: Mapping[str, str]) -> Response:
    """The body with its ETag; 304 without it when If-None-Match says that the caller has these bytes."""
    tag = tag_of(body)
    if has(request, tag):
        return Response(None, 304, {**headers, "ETag": tag})
    return Response(body, 200, {**headers, "ETag": tag}, media_type)


class Tagged(Response):
    """What a view tells, as JSON, with the tag of it: the same tag, the same told."""

    def __init__(self, body: bytes, headers: Mapping[str, str], tag: str) -> None:
        self._told = {**headers, "Cache-Control": "private, no-cache", "ETag": tag}
        self._tag = tag
        super().__init__(body, 200, {"Cache-Control": "no-store", **headers}, "application/json")

    def asked_by(self, request: Request) -> Response:
        """The answer that may be kept and asked for again; 304 for whoever has it already."""
        if has(request, self._tag):
            return Response(None, 304, self._told)
        self.headers.update(self._told)
        return self


def tag_of(content: bytes, *, weak: bool = False) -> str:
    """The ETag of a content; a weak one where what differs may be left aside."""
    tag = f'"{blake2b(content, digest_size=_TAG_BYTES).hexdigest()}"'
    return f"W/{tag}" if weak else tag


def has(request: Request, tag: str) -> bool:
    """Whether If-None-Match names this tag; tags are compared weakly, as RFC 9110 says for it."""
    wanted = request.headers.get("if-none-match", "")
    names = {name.strip().removeprefix("W/") for name in wanted.split(",")}
    return bool(names & {tag.removeprefix("W/"), "*"})
