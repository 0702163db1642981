"""Functions that wait, for coroutines and for threads: written once, as coroutines, that a thread can run through."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from threading import local
from typing import Any, TypeVar

T = TypeVar("T")


class _Thread(local):
    """What is known of each thread."""

    finishing = False
    """Whether it runs through a coroutine; nothing else can run in it meanwhile."""


_THREAD = _Thread()


def blocks() -> bool:
    """Whether what is awaited here has to be there at once, because a thread runs through it with ``finish``."""
    return _THREAD.finishing


def finish(coroutine: Coroutine[Any, Any, T]) -> T:
    """What a coroutine gives, in this thread: whatever it waits for blocks the thread instead.

    RuntimeError when it waits for something that only an event loop can bring.
    """
    before, _THREAD.finishing = _THREAD.finishing, True
    try:
        coroutine.send(None)
    except StopIteration as end:
        answer: T = end.value
        return answer
    finally:
        _THREAD.finishing = before
    coroutine.close()
    raise RuntimeError("this waits for an event loop, which a thread has not")


async def wait_for(question: Callable[[], T]) -> T:
    """The answer to a question that blocks: asked in a thread of its own, or here where a thread runs through."""
    return question() if _THREAD.finishing else await asyncio.to_thread(question)
