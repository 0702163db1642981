"""Learns a process from its history: a large one in a process of its own, so that the worker goes on meanwhile."""

from __future__ import annotations

import asyncio
import os
import pickle
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from functools import partial
from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb

from domain.forecast.learnt import learn as learn_trees
from domain.forecast.steps import learn_steps
from domain.forecast.trails import Trail
from domain.forecast.working_time import axis_of
from domain.schedule import Calendar
from projections.forecasts.trails import SQL, trails_of
from store.connect import connect
from store.log import Log

MOST_MARKS = 250_000
"""So many marks of the newest runs are learnt from at the most: a bound on time and memory."""
SMALL_RUNS = 200
NICE = 10
Connected = Callable[[], AbstractContextManager[Connection]]
"""Gives a connection for as long as something is asked."""


class LearningFailed(Exception):
    """The process that learns came to a bad end; what it said is in the log of the worker."""


async def learn(log: Log, database_url: str, process: str, calendar: Calendar, now: datetime) -> None:
    """Learn a process and keep the model. A large history is learnt by a child, which ends with this call.

    ``log`` is that of the database, and lends its connections where no child is needed.
    """
    if await asyncio.to_thread(_runs, log, process) <= SMALL_RUNS:
        await asyncio.to_thread(learn_now, log.lend, process, calendar, now)
        return
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "workers.learning", stdin=asyncio.subprocess.PIPE
    )
    try:
        await child.communicate(pickle.dumps((database_url, process, calendar, now)))
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode:
        raise LearningFailed(process)


def learn_now(connected: Connected, process: str, calendar: Calendar, now: datetime) -> None:
    """Learn a process from everything that its read models know, and keep the model."""
    with connected() as connection:
        [(position,)] = connection.execute(SQL["head"]).fetchall()
        [(ended, still_open)] = connection.execute(SQL["counts"], {"process": process}).fetchall()
        trails = trails_of(connection, process)
    axis = axis_of(calendar, now.year - 20, now.year + 15)
    watched = _known_until(trails, now)
    steps = learn_steps(trails, axis, now.timestamp(), watched)
    learnt = learn_trees(newest([trail for trail in trails if trail.imported]), now=watched)
    row: dict[str, Any] = {
        "process": process, "position": position, "now": now, "ended": ended, "open": still_open,
        "steps": Jsonb(steps.stored()), "learnt": None if learnt is None else learnt.stored(),
    }  # fmt: skip
    with connected() as connection:
        connection.execute(SQL["keep_model"], row)


def newest(trails: Sequence[Trail], most: int = MOST_MARKS) -> list[Trail]:
    """The runs that began last, as many as have so many marks together."""
    found: list[Trail] = []
    for trail in sorted(trails, key=lambda trail: -trail.started_at):
        most -= len(trail.marks)
        if most < 0 and found:
            break
        found.append(trail)
    return found


def _known_until(trails: Sequence[Trail], now: datetime) -> float:
    """Until when an imported history was watched: nothing is known of what came after its last mark."""
    return max((trail.last_at for trail in trails if trail.imported), default=now.timestamp())


def _runs(log: Log, process: str) -> int:
    with log.lend() as connection:
        [(ended, still_open)] = connection.execute(SQL["counts"], {"process": process}).fetchall()
        return int(ended + still_open)


def main() -> None:
    """Learn what the parent asks for on standard input; only the parent writes there."""
    os.nice(NICE)
    database_url, process, calendar, now = pickle.load(sys.stdin.buffer)  # noqa: S301 - from our own parent
    learn_now(partial(connect, database_url, "learning"), process, calendar, now)


if __name__ == "__main__":
    main()
