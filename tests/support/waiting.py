"""Waiting for a condition with a deadline: the only place in the tests that lets time pass."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")
POLL_SECONDS = 0.01
PATIENCE_SECONDS = 180.0
"""How long a test waits for what must come: how busy the machine is, is not what it asks."""


def wait_until(
    predicate: Callable[[], T], what: str = "the condition", deadline: float = PATIENCE_SECONDS
) -> T:
    """The first true answer of `predicate`; AssertionError after `deadline` seconds."""
    end = time.monotonic() + deadline
    while not (answer := predicate()):
        assert time.monotonic() < end, f"{what} did not come true within {deadline} s (last: {answer!r})"
        time.sleep(POLL_SECONDS)
    return answer


async def wait_until_async(
    predicate: Callable[[], Awaitable[T]], what: str = "the condition", deadline: float = PATIENCE_SECONDS
) -> T:
    """The first true answer of an asynchronous `predicate`; AssertionError after `deadline` seconds."""
    end = time.monotonic() + deadline
    while not (answer := await predicate()):
        assert time.monotonic() < end, f"{what} did not come true within {deadline} s (last: {answer!r})"
        await asyncio.sleep(POLL_SECONDS)
    return answer
