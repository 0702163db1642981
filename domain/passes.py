"""Seals the pass of a guest into the text of a link, and opens it again: signed, bound to one step, expiring."""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
from datetime import UTC, datetime, timedelta
from uuid import UUID

from domain.guests import HOLDER_BYTES, Pass
from domain.words import RoleKey, StepKey

LIFETIME = timedelta(days=30)
_HEAD = struct.Struct(f">16sIH{HOLDER_BYTES}s")
_MARK = 16
_PURPOSE = b"milepost guest link 2\0"
_LONGEST = 400


def seal(run: UUID, held: Pass, expires_at: datetime, secret: bytes) -> str:
    """The text that stands in a link. It holds no name and no address, and changes with every part of it."""
    said = _HEAD.pack(run.bytes, int(expires_at.timestamp()), held.round, held.holder)
    said += f"{held.step} {held.role}".encode()
    return _text(said + _mark(said, secret))


def unseal(text: str, secret: bytes, at: datetime) -> tuple[UUID, Pass] | None:
    """What a link opens at this instant; None for anything that was not sealed so, or has expired."""
    said = _bytes(text)
    if said is None or not hmac.compare_digest(_mark(said[:-_MARK], secret), said[-_MARK:]):
        return None
    run, expires, round_, holder = _HEAD.unpack(said[: _HEAD.size])
    if at > datetime.fromtimestamp(expires, UTC):
        return None
    step, _, role = said[_HEAD.size : -_MARK].decode("ascii").partition(" ")
    return UUID(bytes=run), Pass(StepKey(step), round_, RoleKey(role), holder)


def expiry_of(link: str) -> datetime:
    """Until when a link opens that ``unseal`` has taken."""
    said = _bytes(link)
    assert said is not None
    return datetime.fromtimestamp(_HEAD.unpack(said[: _HEAD.size])[1], UTC)


def id_of(link: str) -> str:
    """What a link is called where it is told of: 16 hexadecimal digits, which open nothing."""
    return hashlib.sha256(link.encode()).hexdigest()[:16]


def _mark(said: bytes, secret: bytes) -> bytes:
    return hmac.new(secret, _PURPOSE + said, hashlib.sha256).digest()[:_MARK]


def _text(said: bytes) -> str:
    return base64.urlsafe_b64encode(said).rstrip(b"=").decode("ascii")


def _bytes(text: str) -> bytes | None:
    if len(text) > _LONGEST or not text.isascii():
        return None
    try:
        said = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
    except ValueError:
        return None
    # one text for one pass: what differs only in the bits behind the last byte is another link
    return said if len(said) > _HEAD.size + _MARK and _text(said) == text else None
