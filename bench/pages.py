"""Pages over HTTP from one API process: of a real log (13,087 runs at scale 1) and of a board of 300 runs under way.

An answer is made whole before its first byte is sent: until then is the server's time. Pages are asked for by turns
beside an empty endpoint (`/v1/me`), and a page's ratio is to that. Beside the time by the clock stands what processors
spent on an answer (the server and its connections to the database, where Linux tells it): on a machine that does other
work too the clock says more than that. Weight, elements and the work of a browser (a Chromium, where there is one:
everything its main thread did until the page was ready and painted) are told too.
"""

from __future__ import annotations

import gzip
import http.client
import os
import shutil
import sys
import tempfile
from datetime import timedelta
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import Any, Self
from uuid import UUID

import psycopg

from api.access import grants as access
from bench.made import PROJECT, RUNS, project_log, store
from bench.served import serve_here, serving
from bench.support import durable_server, percentile
from domain.words import Actor
from interchange.logs.importer import import_log
from milepost.embedded import PostgresServer
from milepost.up.first_person import appoint, bring_in
from projections.engine.live import Projector
from projections.registry import PROJECTIONS
from store.log import Log
from store.migrations import migrate
from web import routes

TURNS = 200
LOADS = 5
EMPTY = "/v1/me"
_LONGEST = """
select c.card from read.card c left join read.run_insight i on i.run = c.card where c.project = %s
order by cardinality(i.visit_steps) desc nulls last, c.card limit 1
"""
_CONNECTIONS = "select pid from pg_stat_activity where usename = current_user and pid <> pg_backend_pid()"
_READY = "document.documentElement.dataset.ready === 'yes'"
_PAINTED = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


def run(scale: float) -> dict[str, float]:
    """Milliseconds, kilobytes, elements; ``scale`` 1 is the whole log and 300 runs, each page asked for 200 times."""
    with durable_server() as server, tempfile.TemporaryDirectory(prefix="milepost-bench-") as directory:
        migrate(server.owner_url)
        with Log(server.app_url) as log:  # sees every run
            bring_in(log, Actor("person:dana"), "Dana Roth")
            appoint(log, Actor("person:dana"), "auditor", "Measures")
        loans = _fill(server, Path(directory), scale)
        with psycopg.connect(server.app_url, autocommit=True) as connection:
            token = access.create_token(connection, Actor("person:dana"), ["read"]).secret
            pages = _pages({"loans": loans, "made": PROJECT}, connection)
            figures = {"runs": float(connection.execute("select count(*) from read.card").fetchall()[0][0])}
        with psycopg.connect(server.owner_url, autocommit=True) as connection:
            connection.execute("vacuum analyze")
            # what was just stored is not written out while answers are timed
            connection.execute("checkpoint")
        with (
            serving(server.app_url, "bench.pages") as (port, pid),
            _Spending(server.app_url, pid) as spending,
        ):
            figures |= _measured(port, token, pages, max(3, int(TURNS * min(scale, 1))), spending)
            figures |= _browsed(port, token, pages, loads=max(1, int(LOADS * min(scale, 1))))
    return figures


def _fill(server: PostgresServer, directory: Path, scale: float) -> UUID:
    """The real log, and a project with runs under way; the project of the log."""
    with psycopg.connect(server.owner_url) as connection:
        store(connection, project_log(max(10, int(RUNS * min(scale, 1)))), timedelta(seconds=1))
    request = import_module("bench.import").request(directory, scale)
    with Log(server.app_url) as log, Projector(server.app_url, log, projections=PROJECTIONS) as projector:
        imported = import_log(request, log)
        projector.catch_up()
    assert imported.project is not None
    return imported.project


def _pages(projects: dict[str, UUID], connection: psycopg.Connection[Any]) -> dict[str, str]:
    """The addresses by name; of each project the run with most behind it."""
    pages = {"empty": EMPTY, "home": "/"}
    for name, project in projects.items():
        (longest,) = connection.execute(_LONGEST, [project]).fetchall()[0]
        board = f"/projects/{project}"
        pages |= {
            f"board_{name}": board, f"attention_{name}": f"{board}/attention", f"list_{name}": f"{board}/list",
            f"timeline_{name}": f"{board}/timeline", f"run_{name}": f"/runs/{longest}",
        }  # fmt: skip
    return pages


class _Spending:
    """Nanoseconds that processors have spent for a server and for its connections to the database."""

    def __init__(self, url: str, pid: int) -> None:
        self._pid = pid
        self._connection = psycopg.connect(url, autocommit=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def so_far(self) -> float | None:
        """Until now; None where the system does not tell."""
        found = self._connection.execute(_CONNECTIONS).fetchall()
        tasks = [
            *Path(f"/proc/{self._pid}/task").glob("*/schedstat"),
            *(Path(f"/proc/{pid}/schedstat") for (pid,) in found),
        ]
        return float(sum(map(_nanoseconds, tasks))) if tasks else None


def _nanoseconds(task: Path) -> int:
    try:
        return int(task.read_text().split()[0])
    except OSError:  # it has ended
        return 0


class _Elements(HTMLParser):
    """Counts the elements of a page."""

    count = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - what it is called with
        """One more."""
        self.count += 1


def _measured(
    port: int, token: str, pages: dict[str, str], turns: int, spending: _Spending
) -> dict[str, float]:
    """The first answer of each page stands apart: with it a process learns what it goes by later."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    headers = {"Authorization": f"Bearer {token}", "Accept": "text/html", "Accept-Encoding": "gzip"}
    times: dict[str, list[float]] = {name: [] for name in pages}
    spent: dict[str, list[float]] = {name: [] for name in pages}
    figures: dict[str, float] = {}
    for turn in range(turns + 1):  # by turns, so that all meet the same weather
        for name, path in pages.items():
            before = spending.so_far()
            took, answer, body = _asked(connection, path, headers)
            after = spending.so_far()
            if turn:
                times[name].append(took)
                spent[name] += [] if before is None or after is None else [(after - before) / 1e6]
            else:
                figures |= {
                    f"{name}_first_ms": took,
                    **_weight(name, body, answer.headers["Content-Encoding"]),
                }
    connection.close()
    for name, taken in times.items():
        figures |= {f"{name}_p{percent}_ms": percentile(taken, percent) for percent in (50, 99)}
        figures[f"{name}_ratio"] = percentile(taken, 50) / percentile(times["empty"], 50)
        figures |= {f"{name}_spent_ms": percentile(spent[name], 50)} if spent[name] else {}
    return figures


def _asked(
    connection: http.client.HTTPConnection, path: str, headers: dict[str, str]
) -> tuple[float, http.client.HTTPResponse, bytes]:
    """How many milliseconds the server took, and what it said."""
    began = perf_counter()
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    took = (perf_counter() - began) * 1000
    body = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{path}: {answer.status} {body[:200]!r}")
    return took, answer, body


def _weight(name: str, body: bytes, encoding: str | None) -> dict[str, float]:
    text = gzip.decompress(body) if encoding == "gzip" else body
    counted = _Elements()
    counted.feed(text.decode())
    return {
        f"{name}_sent_bytes": float(len(body)), f"{name}_bytes": float(len(text)),
        f"{name}_elements": float(counted.count),
    }  # fmt: skip


def _browsed(port: int, token: str, pages: dict[str, str], loads: int) -> dict[str, float]:
    """Milliseconds of a browser's main thread for each page; nothing where there is no Chromium."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        return {}
    sync_api = import_module("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        context = browser.new_context(extra_http_headers={"Authorization": f"Bearer {token}"})
        figures = {
            f"{name}_browser_ms": _browser_ms(context, f"http://127.0.0.1:{port}{path}", loads)
            for name, path in pages.items()
            if path != EMPTY
        }
        browser.close()
    return figures


def _browser_ms(context: Any, url: str, loads: int) -> float:
    """The best of some loads: tasks of the main thread until the page is ready and was painted."""
    taken = []
    for _ in range(loads):
        page = context.new_page()
        session = context.new_cdp_session(page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        page.goto(url)
        page.wait_for_function(_READY)
        page.evaluate(_PAINTED)
        told = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
        taken.append(1000 * told["TaskDuration"])
        page.close()
    return float(min(taken))


if __name__ == "__main__":
    sys.exit(serve_here(int(sys.argv[2]), [routes.router()], routes.RULES))
