"""A board of 300 runs over HTTP, beside an empty answer, in a small log and in a large one.

The log grows by runs that stand on no board; what a board costs must not grow with it.
"""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Thread
from time import perf_counter, sleep

import psycopg

from api import access, reached
from api.app import create_app
from api.guard import Site
from api.server import listen, make_server
from api.services import Services
from bench.made import PROJECT, make_read_models, others, project_log, store
from bench.support import durable_server, percentile
from domain.schedule import Calendar
from domain.words import Actor
from projections.engine import Projector
from store.connect import make_pool
from store.log import Log
from store.migrations import migrate
from store.repository import Repository

SMALL, LARGE = 100_000, 5_000_000
APART = timedelta(seconds=1)
TURNS = 300


def run(scale: float) -> dict[str, float]:
    """Milliseconds at the server; ``scale`` 1 is 10⁵ and 5·10⁶ events."""
    figures: dict[str, float] = {}
    with durable_server() as server:
        migrate(server.owner_url)
        with psycopg.connect(server.app_url, autocommit=True) as connection:
            token = access.create_token(connection, Actor("person:dana"), ["read"]).secret
        with psycopg.connect(server.owner_url) as connection:
            at = store(connection, project_log(), APART)
        with Projector(server.app_url) as projector:
            projector.outdated()
        for name, size in (("small", SMALL), ("large", LARGE)):
            with psycopg.connect(server.owner_url) as connection:
                at = store(
                    connection,
                    others(max(1_000, int(size * scale) - at), 1 << (40 if name == "small" else 50)),
                    APART,
                )
            make_read_models(server.app_url)
            with _served(server.app_url) as port:
                figures |= {f"{key}_{name}": value for key, value in _measured(port, token).items()}
            figures[f"events_{name}"] = float(at)
    figures["ratio_large_small"] = figures["p50_ms_large"] / figures["p50_ms_small"]
    figures["ratio_large_small_p99"] = figures["p99_ms_large"] / figures["p99_ms_small"]
    return figures


@contextmanager
def _served(url: str) -> Iterator[int]:
    """The application on a free port, in a thread of this process."""
    with Log(url) as log, make_pool(url, "api", 4) as pool, listen("127.0.0.1", 0) as listening:
        port: int = listening.getsockname()[1]
        services = Services(
            log=log, repository=Repository(log), pool=pool, site=Site(f"http://127.0.0.1:{port}"), calendar=Calendar(),
            reached=reached.positions, projects_of=reached.projects_of,
        )  # fmt: skip
        server = make_server(create_app(services))
        thread = Thread(target=server.run, args=[[listening]], daemon=True)
        thread.start()
        while not server.started:
            sleep(0.01)
        try:
            yield port
        finally:
            server.should_exit = True
            thread.join(20)


def _measured(port: int, token: str) -> dict[str, float]:
    routes = {
        "": f"/v1/projects/{PROJECT}/board",
        "attention_": f"/v1/projects/{PROJECT}/attention",
        "empty_": "/v1/me",
    }
    times: dict[str, list[float]] = {name: [] for name in routes}
    connection = http.client.HTTPConnection("127.0.0.1", port)
    size = 0
    for turn in range(TURNS + 10):  # by turns, so that all meet the same weather; the first few warm up
        for name, route in routes.items():
            began = perf_counter()
            connection.request("GET", route, headers={"Authorization": f"Bearer {token}"})
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200:
                raise RuntimeError(body.decode())
            if turn >= 10:
                times[name].append((perf_counter() - began) * 1000)
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
