"""What tokens grant and who is here, remembered for a second: the hot path asks once per token and second.

The rule of revocation: what is remembered is a lease of LEASE_SECONDS, counted from before the database was asked.
Who takes something away waits for one lease after the commit and answers then; so once that is answered, no process
goes by the old any more, and nothing had to be told to anybody.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from starlette.concurrency import run_in_threadpool

from api.access.grants import Grant, digest
from domain.words import Actor

K = TypeVar("K", bound=str)
V = TypeVar("V")

LEASE_SECONDS = 1.0
_MOST_KEPT = 10_000


class _Remembered(Generic[K, V]):
    """Answers by key, each for one lease; many who ask for the same at once share the question."""

    def __init__(self, find: Callable[[K], V | None]) -> None:
        self._find = find
        self._leases: dict[K, tuple[V, float]] = {}
        self._asking: dict[K, tuple[asyncio.Task[V | None], float]] = {}

    async def get(self, key: K) -> V | None:
        now = time.monotonic()
        lease = self._leases.get(key)
        if lease is not None and now < lease[1]:
            return lease[0]
        asking = self._asking.get(key)
        if asking is None or now >= asking[1]:  # a question may be so slow that its answer is too old for us
            until = now + LEASE_SECONDS
            asking = (asyncio.create_task(self._ask(key, until)), until)
            self._asking[key] = asking
            asking[0].add_done_callback(lambda task: self._answered(key, task))
        return await asyncio.shield(asking[0])

    def forget(self, which: Callable[[K], bool]) -> None:
        for key in [key for key in self._leases if which(key)]:
            del self._leases[key]

    def _answered(self, key: K, task: asyncio.Task[V | None]) -> None:
        asking = self._asking.get(key)
        if asking is not None and asking[0] is task:
            del self._asking[key]

    async def _ask(self, key: K, until: float) -> V | None:
        found = await run_in_threadpool(self._find, key)
        if found is not None:  # strangers leave no trace
            if len(self._leases) >= _MOST_KEPT:
                self._leases.clear()
            self._leases[key] = (found, until)
        else:
            self._leases.pop(key, None)
        return found


class Leases:
    """Grants by secret, and who is here by actor, for the coroutines of one event loop."""

    def __init__(
        self,
        find: Callable[[str], Grant | None],
        here: Callable[[Actor], bool],
        deputy: Callable[[Actor, Actor], bool],
    ) -> None:
        """All of them ask the database; they run in a thread."""
        self._grants = _Remembered(find)
        self._here = _Remembered[Actor, bool](lambda actor: here(actor) or None)
        self._deputies = _Remembered[str, bool](lambda pair: deputy(*_pair(pair)) or None)

    async def get(self, secret: str) -> Grant | None:
        """What this secret grants; never older than a lease."""
        return await self._grants.get(secret)

    async def is_here(self, actor: Actor) -> bool:
        """Whether somebody may act as this actor; never older than a lease."""
        return bool(await self._here.get(actor))

    async def is_deputy(self, who: Actor, of: Actor) -> bool:
        """Whether somebody may act in the name of another person; never older than a lease."""
        return bool(await self._deputies.get(f"{who} {of}"))

    def forget(self, token_hash: bytes) -> None:
        """Drop what one secret grants before its time."""
        self._grants.forget(lambda secret: digest(secret) == token_hash)

    def forget_all(self) -> None:
        """Drop everything before its time: somebody left, or may no longer what they might."""
        self._grants.forget(lambda _: True)
        self._here.forget(lambda _: True)
        self._deputies.forget(lambda _: True)

    async def run_out(self) -> None:
        """Wait until every lease that any process held when this was called is over."""
        await asyncio.sleep(LEASE_SECONDS)


def _pair(text: str) -> tuple[Actor, Actor]:
    who, _, of = text.partition(" ")
    return Actor(who), Actor(of)
