"""Signed texts for links: what was packed comes back as it was, or not at all."""

from __future__ import annotations

import base64
import hashlib
import hmac

_MARK = 16
LONGEST = 400
"""So many characters a link has at most."""


def sealed(said: bytes, purpose: bytes, secret: bytes) -> str:
    """The text that stands in a link; what was sealed for another purpose opens nothing."""
    return _text(said + _mark(said, purpose, secret))


def opened(text: str, purpose: bytes, secret: bytes) -> bytes | None:
    """What was sealed; None for anything that was not sealed so, to the last bit."""
    said = said_in(text)
    if said is None or not hmac.compare_digest(_mark(said[:-_MARK], purpose, secret), said[-_MARK:]):
        return None
    return said[:-_MARK]


def id_of(link: str) -> str:
    """What a link is called where it is told of: 16 hexadecimal digits, which open nothing."""
    return hashlib.sha256(link.encode()).hexdigest()[:16]


def said_in(text: str) -> bytes | None:
    """What a link says, with its mark behind, whether it is ours or not; None for what cannot be one."""
    if len(text) > LONGEST or not text.isascii():
        return None
    try:
        said = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
    except ValueError:
        return None
    # one text for one pass: what differs only in the bits behind the last byte is another link
    return said if len(said) > _MARK and _text(said) == text else None


def _mark(said: bytes, purpose: bytes, secret: bytes) -> bytes:
    return hmac.new(secret, purpose + said, hashlib.sha256).digest()[:_MARK]


def _text(said: bytes) -> str:
    return base64.urlsafe_b64encode(said).rstrip(b"=").decode("ascii")
