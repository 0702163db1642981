"""Seals the pass of a guest into the text of a link, and opens it again: signed, bound to one step, expiring."""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta
from uuid import UUID

from domain.guests import HOLDER_BYTES, Pass
from domain.sealing import opened, said_in, sealed
from domain.words import RoleKey, StepKey

LIFETIME = timedelta(days=30)
_HEAD = struct.Struct(f">16sIH{HOLDER_BYTES}s")
_PURPOSE = b"milepost guest link 2\0"


def seal(run: UUID, held: Pass, expires_at: datetime, secret: bytes) -> str:
    """The text that stands in a link. It holds no name and no address, and changes with every part of it."""
    said = _HEAD.pack(run.bytes, int(expires_at.timestamp()), held.round, held.holder)
    return sealed(said + f"{held.step} {held.role}".encode(), _PURPOSE, secret)


def unseal(text: str, secret: bytes, at: datetime) -> tuple[UUID, Pass] | None:
    """What a link opens at this instant; None for anything that was not sealed so, or has expired."""
    said = opened(text, _PURPOSE, secret)
    if said is None or len(said) <= _HEAD.size:
        return None
    run, expires, round_, holder = _HEAD.unpack(said[: _HEAD.size])
    if at > datetime.fromtimestamp(expires, UTC):
        return None
    step, _, role = said[_HEAD.size :].decode("ascii").partition(" ")
    return UUID(bytes=run), Pass(StepKey(step), round_, RoleKey(role), holder)


def expiry_of(link: str) -> datetime:
    """Until when a link opens that ``unseal`` has taken."""
    said = said_in(link)
    assert said is not None
    return datetime.fromtimestamp(_HEAD.unpack(said[: _HEAD.size])[1], UTC)
