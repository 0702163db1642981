"""One API process, started as `milepost up` starts it, for benchmarks that measure answers from outside."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from fastapi import APIRouter

from api.access.guard import Site
from api.access.matrix import Rule
from api.app import create_app
from api.handling import reached
from api.handling.services import Services
from api.server import listen, serve
from application.milepost import Milepost
from bench.support import begin
from store.connect import make_pool
from store.log import Log

_URL = "BENCH_DATABASE_URL"
_START_SECONDS = 30
_STOP_SECONDS = 30


@contextmanager
def served(url: str, module: str = "bench.served") -> Iterator[int]:
    """The port of a process that serves this database: ``module`` run with ``serve PORT``."""
    with serving(url, module) as (port, _):
        yield port


@contextmanager
def serving(url: str, module: str) -> Iterator[tuple[int, int]]:
    """Port and process id of such a process."""
    with listen("127.0.0.1", 0) as probe:
        port: int = probe.getsockname()[1]
    server = begin(module, "serve", str(port), **{_URL: url})
    try:
        _wait_for(port)
        yield port, server.pid
    finally:
        server.terminate()
        server.wait(_STOP_SECONDS)


def serve_here(port: int, extra: Sequence[APIRouter] = (), rules: Mapping[str, Rule] | None = None) -> int:
    """Serve in this process until it is told to stop; the exit code."""
    url = os.environ[_URL]
    with Log(url) as log, make_pool(url, "api", 5) as pool:
        services = Services(
            log=log, app=Milepost(log), pool=pool, site=Site(f"http://127.0.0.1:{port}"),
            reached=reached.positions, projects_of=reached.projects_of,
        )  # fmt: skip
        return serve(create_app(services, extra, rules or {}), host="127.0.0.1", port=port)


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


if __name__ == "__main__":
    sys.exit(serve_here(int(sys.argv[2])))
