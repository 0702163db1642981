"""Turns templates into answers: security headers, compression, fragments for live pages, the CSRF token."""

from __future__ import annotations

import base64
import gzip
import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import Response

from api.access.guard import CALLER, Caller
from api.run.sight import MASK
from api.wire.conditional import has
from domain.directory import called
from domain.run.content import STATEMENT
from web.rendering import controls, parts, values
from web.rendering.rights import rights_of
from web.words import cards, events, mails, people, states, steps, texts, times

HERE = Path(__file__).parents[1]
_SMALL = 1_000
MOST_PROPOSED = 300
"""So many people stand in a page to be chosen from; of a larger house script asks while somebody types."""
_CONTENT_SECURITY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types milepost"
)
PAGE_HEADERS = {
    "Content-Security-Policy": _CONTENT_SECURITY,
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Vary": "Accept-Encoding, Milepost-Fragment",
}
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file of static/, kept in memory as it is and compressed."""

    body: bytes
    packed: bytes
    media_type: str
    etag: str


@cache
def assets() -> dict[str, Asset]:
    """Every file of static/ by name."""
    return {path.name: _asset(path) for path in sorted((HERE / "static").iterdir()) if path.suffix in _TYPES}


def _asset(path: Path) -> Asset:
    body = path.read_bytes()
    return Asset(
        body,
        gzip.compress(body, 9, mtime=0),
        _TYPES[path.suffix],
        f'"{hashlib.sha256(body).hexdigest()[:16]}"',
    )


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters.update(
        who=people.who, initials=people.initials, moment=times.moment, age=times.age, lag=times.lag, shown=values.shown,
        sentence=events.sentence, said=events.said, paragraphs=texts.paragraphs, here=times.here, quoted=texts.quoted,
        named=people.named, key_of=people.key_of, stage_state=states.stage_state, device=states.device,
    )  # fmt: skip
    made.globals.update(
        MASK=MASK, STATES=states.STATES, STATEMENT=STATEMENT,
        PRIORITIES=states.PRIORITIES, KINDS=states.KINDS, TONES=events.EVENT_TONES,
        ACCESS=states.ACCESS, INVITED_TO=states.INVITED_TO, SIGNED_IN_BY=states.SIGNED_IN_BY,
        SECURITY_EVENTS=states.SECURITY_EVENTS, HOUSE_ROLES=states.HOUSE_ROLES, PROJECT_ACCESS=states.PROJECT_ACCESS,
        shown_in=_shown_in, earliest=_earliest, trace=_trace, proposed_people=_proposed_people,
        MOST_PROPOSED=MOST_PROPOSED, choices_with=controls.choices_with, file_mark=controls.file_mark,
        is_group=controls.is_group, values_of=controls.values_of, table_rows=controls.table_rows,
        stage_dots=parts.stage_dots, drawn=parts, card_words=cards, mail_words=mails,
        step_words=steps, texts=texts, command_id=lambda: uuid4().hex,
    )  # fmt: skip
    return made


def _shown_in(kind: str, value: Any, zone: tzinfo) -> str:
    return controls.shown(kind, value, zone, people.NAMES.get())


def _earliest(kind: str, given: Any, zone: tzinfo) -> str:
    """The first day that a date which may not be before today can be set to; one that is there already may stay."""
    today = f"{datetime.now(zone):%Y-%m-%d}{'T00:00' if kind == 'datetime' else ''}"
    return min(today, controls.shown(kind, given, zone, people.NAMES.get()) or today)


def _trace(kind: str, value: Any, zone: tzinfo) -> str:
    return controls.trace(kind, value, zone, people.NAMES.get())


def _proposed_people() -> list[tuple[str, str]]:
    """Whom a control proposes: what everybody, and every group, is called, with their keys; nobody to a guest."""
    house = people.NAMES.get()
    if house.discreet:
        return []
    found = [each for kind in ("group", "person") for each, _ in house.named(kind)][:MOST_PROPOSED]
    return sorted((called(each, house), str(each)) for each in found)


def render(template: str, *, fragment: bool = False, **facts: Any) -> str:
    """The text of a page, or of its live parts only."""
    facts.setdefault("now", datetime.now(UTC))
    facts.setdefault("me", None)
    facts.setdefault("csrf", "")
    facts.setdefault("may", rights_of(None))
    return (
        _environment()
        .get_template(template)
        .render(layout="fragment.html" if fragment else "base.html", **facts)
    )


def page(request: Request, template: str, *, status: int = 200, **facts: Any) -> Response:
    """The answer to a browser; with the header Milepost-Fragment only what live pages patch.

    A fragment is the same, byte for byte, as long as it shows the same: how fresh it is, and the token that forms are
    sent with, stand in its headers.
    """
    caller: Caller | None = request.scope.get(CALLER)
    token = hide(caller.csrf or "") if caller is not None else ""
    if caller is not None:
        facts.update(me=caller.actor, may=rights_of(caller))
    if "milepost-fragment" not in request.headers:
        return _packed(request, render(template, csrf=token, **facts).encode(), status, {})
    body = render(template, fragment=True, **facts).encode()
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Milepost-Token": token, **_freshness(facts.get("answer"))}
    if status == 200 and has(request, etag):
        return Response(status_code=304, headers={**PAGE_HEADERS, **headers})
    return _packed(request, body, status, headers)


def _freshness(answer: Any) -> dict[str, str]:
    """Which position an answer reflects, when it was true, and how far it is behind, in words."""
    if answer is None:
        return {}
    behind = times.lag(answer.as_of, answer.behind, datetime.now(UTC))
    told = {"Position": answer.position, "As-Of": answer.as_of.isoformat(), "Lag": behind}
    return {f"Milepost-{name}": str(value) for name, value in told.items()}


def _packed(request: Request, body: bytes, status: int, further: dict[str, str]) -> Response:
    headers = {**PAGE_HEADERS, **further}
    if len(body) > _SMALL and "gzip" in request.headers.get("accept-encoding", ""):
        body = gzip.compress(body, 4, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return Response(body, status, headers, "text/html; charset=utf-8")


def hide(token: str) -> str:
    """The CSRF token under a fresh mask, so that compression never tells anything about it."""
    plain = token.encode()
    mask = secrets.token_bytes(len(plain))
    return base64.urlsafe_b64encode(mask + bytes(a ^ b for a, b in zip(mask, plain, strict=True))).decode()


def reveal(hidden: str) -> str:
    """The token behind a mask; of anything else some text that is no token."""
    try:
        both = base64.b64decode(hidden.encode("ascii"), b"-_", validate=True)
    except ValueError:
        return ""
    half = len(both) // 2
    return bytes(a ^ b for a, b in zip(both[:half], both[half:], strict=False)).decode("latin-1")
