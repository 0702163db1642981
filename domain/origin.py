"""Where an address leads: the part of it that decides who hears what is sent there."""

from __future__ import annotations

from urllib.parse import urlsplit

Origin = tuple[str, str, int | None]
_USUAL = {"http": 80, "https": 443}


def origin(url: str) -> Origin | None:
    """Scheme, host and port, as programs compare them; None for what is no address. Same origin: same receiver."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if not parts.hostname:
        return None
    return parts.scheme, parts.hostname.lower().rstrip("."), port or _USUAL.get(parts.scheme)
