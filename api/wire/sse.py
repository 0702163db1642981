"""Server-sent events: how they are written, and how a stream waits without holding up a stop."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import orjson

MEDIA_TYPE = "text/event-stream"
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def event(data: Any, *, position: int, name: str) -> bytes:
    """One event; its id is the position that a client resumes from."""
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (position, name.encode(), orjson.dumps(data))


def keep_alive(position: int) -> bytes:
    """Nothing happened up to ``position``: keeps connections open and clients resuming from there; no event."""
    return b": as of %d\nid: %d\n\n" % (position, position)


async def stopped_or(stopping: asyncio.Event, work: Coroutine[Any, Any, Any]) -> bool:
    """Wait for ``work`` or for the stop of the server, whichever is first; whether it was the stop."""
    tasks = [asyncio.ensure_future(work), asyncio.ensure_future(stopping.wait())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return stopping.is_set()
