"""A board of 300 runs as of an earlier moment, in a log of a million events, beside the board of now.

Every run has moved on since that moment, so that all of them are folded anew.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from time import perf_counter

import psycopg

from application.milepost import Milepost
from bench.made import BEGIN, PROJECT, RUNS, make_read_models, others, project_log, store
from bench.support import durable_server, percentile
from projections import queries
from projections.engine.live import Projector
from projections.registry import PROJECTIONS
from projections.visible import EVERYTHING
from store.log import Log
from store.migrations import migrate

EVENTS = 1_000_000
APART = timedelta(seconds=1)
TURNS = 40


def run(scale: float) -> dict[str, float]:
    """Milliseconds of an answer; ``scale`` 1 is a log of a million events with 300 runs, asked for forty times."""
    runs, turns = max(10, int(RUNS * min(scale, 1))), max(4, int(TURNS * min(scale, 1)))
    with durable_server() as server:
        migrate(server.owner_url)
        with psycopg.connect(server.owner_url) as connection:
            first = store(connection, project_log(runs), APART)
            last = store(connection, others(int(EVENTS * scale)), APART)
        with Projector(server.app_url, projections=PROJECTIONS) as projector:
            projector.outdated()
        make_read_models(server.app_url)
        with Log(server.app_url) as log, psycopg.connect(server.app_url, autocommit=True) as connection:
            return {"events": float(last), **_measured(connection, Milepost(log), first, turns)}


def _measured(connection: psycopg.Connection, app: Milepost, first: int, turns: int) -> dict[str, float]:
    half = BEGIN + APART * (first * 2 // 3)
    instant, position = queries.at_instant(connection, half), queries.at_position(connection, first * 2 // 3)
    known = app.definition
    asked: dict[str, Callable[[], object]] = {
        "live": lambda: queries.board(connection, PROJECT),
        "as_of_instant": lambda: queries.board_then(connection, PROJECT, instant, known),
        "as_of_position": lambda: queries.board_then(connection, PROJECT, position, known),
        "attention": lambda: queries.attention(connection, PROJECT, visible=EVERYTHING),
        "attention_as_of": lambda: queries.attention_then(connection, PROJECT, instant, known),
        "since": lambda: queries.since(
            connection, PROJECT, instant, queries.at_instant(connection, half + timedelta(days=30)), known
        ),
    }
    board = queries.board_then(connection, PROJECT, instant, known)
    times: dict[str, list[float]] = {name: [] for name in asked}
    for _ in range(turns):  # by turns, so that all meet the same weather
        for name, ask in asked.items():
            began = perf_counter()
            ask()
            times[name].append((perf_counter() - began) * 1000)
    figures = {f"{name}_p{percent}_ms": percentile(taken, percent) for name, taken in times.items()
               for percent in (50, 99)}  # fmt: skip
    figures["runs"] = float(min(RUNS, sum(column.count for column in board.columns)))
    figures["ratio_as_of_live"] = figures["as_of_instant_p50_ms"] / figures["live_p50_ms"]
    return figures
