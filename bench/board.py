"""A board of 300 runs over HTTP from one API process, beside an empty answer, in a small log and in a large one.

An answer is made whole before its first byte is sent: until then is the server's time (``p50_ms``), and until the
client has read it all ``read_p50_ms``. The log grows by runs that stand on no board; what a board costs must not grow
with it.
"""

from __future__ import annotations

import http.client
from collections.abc import Iterable
from datetime import timedelta
from time import perf_counter

import psycopg
from psycopg import sql

from api.access import grants as access
from bench.made import PROJECT, RUNS, Stored, make_read_models, others, project_log, store
from bench.served import served
from bench.support import durable_server, percentile
from domain.words import Actor
from milepost.embedded import PostgresServer
from milepost.up.first_person import appoint, bring_in
from projections.engine.live import Projector
from projections.registry import PROJECTIONS
from store.log import Log
from store.migrations import migrate

SMALL, LARGE = 100_000, 5_000_000
APART = timedelta(seconds=1)
TURNS = 300
_COLUMNS = """
select attname from pg_attribute
where attrelid = 'read.card'::regclass and attnum > 0 and attname not in ('card', 'alike')
"""
_COPIES = """
with made as (
    select c.*, row_number() over () - 1 as place from read.card c where c.project is distinct from %(project)s),
  come as (
    select stream, row_number() over () as place from log.event where position > %(at)s and type = 'run_started')
insert into read.card (card, {}) select come.stream, {} from come
join made c on c.place = come.place %% (select count(*) from made)
"""


def run(scale: float) -> dict[str, float]:
    """Milliseconds at the server; ``scale`` 1 is 300 runs on the board in 10⁵ and 5·10⁶ events."""
    turns = max(10, int(TURNS * min(scale, 1)))
    with durable_server() as server:
        migrate(server.owner_url)
        with psycopg.connect(server.app_url, autocommit=True) as connection:
            token = access.create_token(connection, Actor("person:dana"), ["read"]).secret
        with Projector(server.app_url, projections=PROJECTIONS) as projector:
            projector.outdated()
        with Log(server.app_url) as log:  # sees every run
            bring_in(log, Actor("person:dana"), "Dana Roth")
            appoint(log, Actor("person:dana"), "auditor", "Measures")
        at = _store(server, project_log(max(10, int(RUNS * min(scale, 1)))))
        at = _store(server, others(max(1_000, int(SMALL * scale) - at)))
        make_read_models(server.app_url)
        figures = {"events_small": float(at), **_asked(server, token, turns, "small")}
        began = perf_counter()
        at = _grow(server, at, max(5_000, int(LARGE * scale) - at))
        figures |= {"events_large": float(at), "seconds_to_grow": perf_counter() - began}
        figures |= _asked(server, token, turns, "large")
    for percent in ("p50", "p99"):
        figures[f"ratio_large_small_{percent}"] = (
            figures[f"{percent}_ms_large"] / figures[f"{percent}_ms_small"]
        )
    return figures


def _store(server: PostgresServer, events: Iterable[Stored]) -> int:
    with psycopg.connect(server.owner_url) as connection:
        return store(connection, events, APART)


def _grow(server: PostgresServer, at: int, events: int) -> int:
    """So many more events, and a card for each run among them.

    A shortcut: to fold millions of events takes longer than a benchmark may. The projector made cards of the other runs
    in the small log; the runs that come now, which go the same way, get copies of those.
    """
    position = _store(server, others(events, 1 << 50))
    with psycopg.connect(server.app_url) as connection:
        connection.execute(
            "set statement_timeout = 0"
        )  # one statement copies all of them, on however slow a machine
        names = [row[0] for row in connection.execute(_COLUMNS)]
        listed = sql.SQL(", ").join(map(sql.Identifier, names))
        copied = sql.SQL(", ").join(sql.Identifier("c", name) for name in names)
        connection.execute(sql.SQL(_COPIES).format(listed, copied), {"at": at, "project": PROJECT})
        connection.execute("update log.checkpoint set position = %s", [position])
    return position


def _asked(server: PostgresServer, token: str, turns: int, name: str) -> dict[str, float]:
    with psycopg.connect(server.owner_url, autocommit=True) as connection:
        connection.execute("vacuum analyze")
        connection.execute("checkpoint")  # what was just stored is not written out while answers are timed
    with served(server.app_url) as port:
        return {f"{key}_{name}": value for key, value in _measured(port, token, turns).items()}


def _measured(port: int, token: str, turns: int) -> dict[str, float]:
    routes = {
        "": f"/v1/projects/{PROJECT}/board",
        "attention_": f"/v1/projects/{PROJECT}/attention",
        "empty_": "/v1/me",
    }
    times: dict[str, list[float]] = {f"{name}{part}": [] for name in routes for part in ("", "read_")}
    connection = http.client.HTTPConnection("127.0.0.1", port)
    size = 0
    for turn in range(turns + 10):  # by turns, so that all meet the same weather; the first few warm up
        for name, route in routes.items():
            began = perf_counter()
            connection.request("GET", route, headers={"Authorization": f"Bearer {token}"})
            answer = connection.getresponse()
            made = perf_counter()
            body = answer.read()
            if answer.status != 200:
                raise RuntimeError(body.decode())
            if turn >= 10:
                times[name].append((made - began) * 1000)
                times[f"{name}read_"].append((perf_counter() - began) * 1000)
            size = max(size, len(body))
    connection.close()
    return {
        **{
            f"{name}p{percent}_ms": percentile(taken, percent)
            for name, taken in times.items()
            for percent in (50, 99)
        },
        "kilobytes": size / 1024,
    }
