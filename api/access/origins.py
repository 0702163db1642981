"""Which pages are Milepost's own: those of the addresses that it was told, never of one that a request names itself."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from domain.origin import origin

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def is_own(told: str, named: str, base_url: str, hosts: Iterable[str], *, loopback: bool) -> bool:
    """Whether an Origin header is of our own pages.

    ``named`` is the Host header of the same request: it counts only with ``loopback``, where nothing was set and only
    programs of this machine come in, and then only when it names this machine; ports of other programs there do not.
    """
    came = origin(told)
    if came is None or _has_more(told):
        return False
    return (
        came == origin(base_url)
        or any(came == origin(f"{urlsplit(base_url).scheme}://{host}") for host in hosts)
        or (loopback and came[1] in _LOOPBACK and came == origin(f"{came[0]}://{named}"))
    )


def is_loopback(host: str) -> bool:
    """Whether a server that listens there is reached from its own machine only."""
    return host in _LOOPBACK


def _has_more(told: str) -> bool:
    """Whether it is more than an origin, or something that programs read differently."""
    parts = urlsplit(told)
    return bool(parts.path or parts.query or parts.fragment or parts.username is not None)
