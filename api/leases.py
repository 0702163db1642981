"""What tokens grant, remembered for a second: the hot path asks the database once per token and second.

The rule of revocation: a remembered grant is a lease of LEASE_SECONDS, counted from before the database was asked.
Who revokes waits for one lease after the commit and answers then; so once a revocation is answered, no process
accepts the token any more, and nothing had to be told to anybody.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool

from api.access import Grant, digest

LEASE_SECONDS = 1.0
_MOST_KEPT = 10_000


@dataclass(slots=True)
class _Lease:
    grant: Grant | None
    until: float


class Leases:
    """Grants by secret, for the coroutines of one event loop."""

    def __init__(self, find: Callable[[str], Grant | None]) -> None:
        """``find`` asks the database; it runs in a thread."""
        self._find = find
        self._leases: dict[str, _Lease] = {}
        self._asking: dict[str, asyncio.Task[Grant | None]] = {}

    async def get(self, secret: str) -> Grant | None:
        """What this secret grants; never older than a lease."""
        lease = self._leases.get(secret)
        if lease is not None and time.monotonic() < lease.until:
            return lease.grant
        asking = self._asking.get(secret)
        if asking is None:
            asking = asyncio.create_task(self._ask(secret))
            self._asking[secret] = asking
            asking.add_done_callback(lambda _: self._asking.pop(secret, None))
        return await asyncio.shield(asking)

    def forget(self, token_hash: bytes) -> None:
        """Drop a lease before its time."""
        for secret in [secret for secret in self._leases if digest(secret) == token_hash]:
            del self._leases[secret]

    async def run_out(self) -> None:
        """Wait until every lease that any process held when this was called is over."""
        await asyncio.sleep(LEASE_SECONDS)

    async def _ask(self, secret: str) -> Grant | None:
        until = time.monotonic() + LEASE_SECONDS
        grant = await run_in_threadpool(self._find, secret)
        if grant is not None:  # strangers leave no trace
            if len(self._leases) >= _MOST_KEPT:
                self._leases.clear()
            self._leases[secret] = _Lease(grant, until)
        else:
            self._leases.pop(secret, None)
        return grant
