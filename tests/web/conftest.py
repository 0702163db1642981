"""The real application with its pages, read models kept up to date beside it, and a browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx
import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from api.access import grants as access
from api.access.grants import PERSON, SCOPES, Scope, first_login_link
from api.access.guard import Site
from api.app import create_app
from api.handling import reached
from api.handling.services import Services
from api.server import listen, make_server
from application.milepost import Milepost
from domain.words import Actor
from milepost.embedded import PostgresServer
from projections.engine.live import Projector
from projections.registry import PROJECTIONS
from store.connect import make_pool
from store.log import Log
from tests.support.clients import client_of, sign_in
from tests.support.databases import Database, Template, new_database
from tests.support.people import WelcomingGate
from tests.support.waiting import wait_until
from web import routes

ARTEFACTS = Path(__file__).parents[1] / "screenshots" / "actual"
DANA = Actor("person:dana")
PATIENCE = 60_000
"""How many milliseconds a test waits for what a page is to show: a busy machine is not the page's fault."""
expect.set_options(timeout=PATIENCE)
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
STAGES = [
    {"key": key, "title": title} for key, title in (("sold", "Sold"), ("set_up", "Set up"), ("live", "Live"))
]
PROCESS: dict[str, Any] = {
    "key": "onboarding",
    "title": "Onboarding",
    "roles": [{"key": "seller", "title": "Seller"}],
    "stages": [
        {
            **STAGES[0],
            "steps": [
                {
                    "key": "handoff",
                    "title": "Write the handoff",
                    "kind": "form",
                    "role": "seller",
                    "fields": [{"key": "goals", "title": "Goals", "kind": "text", "required": True}],
                },
                {"key": "kickoff", "title": "Hold the kickoff", "role": "seller"},
            ],
        },
        {**STAGES[1], "steps": [{"key": "provision", "title": "Set up the workspace", "role": "seller"}]},
        {**STAGES[2], "steps": [{"key": "go", "title": "Switch live", "role": "seller"}]},
    ],
}


@dataclass
class App:
    """A running application, and a client that talks to it as a program does."""

    url: str
    database: Database
    server: Server
    client: httpx.Client
    trouble: list[str] = field(default_factory=list)

    @property
    def services(self) -> Services:
        """What the server works with now."""
        return self.server.services

    def link(self, actor: str = DANA, *scopes: Scope) -> str:
        """A fresh first-login link."""
        with psycopg.connect(self.database.app_url, autocommit=True) as connection:
            return first_login_link(connection, self.url, Actor(actor), scopes or PERSON)

    def token(self, actor: str, *scopes: Scope) -> str:
        """A new token's secret."""
        with psycopg.connect(self.database.app_url, autocommit=True) as connection:
            return access.create_token(connection, Actor(actor), scopes or PERSON).secret

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        """A command of a program, seen by every page when this returns."""
        told = self.client.post(path, json=body)
        assert told.status_code < 300, told.text
        answer: dict[str, Any] = told.json()
        wait_until(lambda: self.reached() >= answer["position"], "the read models")
        return answer

    def add(self, *people: str) -> None:
        """Let these work here: nobody else can be named."""
        for key in people:
            self.post("/v1/people", person=key, name=key.capitalize())

    @property
    def head(self) -> int:
        """The newest position of the log."""
        return self.services.log.head()

    def reached(self) -> int:
        """The position of the slowest read model."""
        with self.services.pool.connection() as connection:
            return min(reached.positions(connection).values())

    def publish(self, document: dict[str, Any] = PROCESS) -> None:
        """Publish a process."""
        assert self.client.put(f"/v1/processes/{document['key']}/draft", json=document).status_code == 200
        self.post(f"/v1/processes/{document['key']}/publish", note="First")

    def project(self, name: str = "Customers") -> str:
        """A project with the stages of the process, in which Bo works too; its id."""
        told = self.post("/v1/projects", name=name, owner=DANA, stages=STAGES, process="onboarding")
        self.post(f"/v1/projects/{told['id']}/members", member="person:bo", access="member")
        return str(told["id"])

    def run(self, project: str, name: str = "Acme") -> str:
        """A run on the project's board; its id."""
        told = self.post("/v1/runs", process="onboarding", name=name, roles={"seller": DANA}, project=project)
        return str(told["id"])

    def task(self, project: str, title: str, stage: str = "sold", **more: Any) -> str:
        """A task on the project's board; its id."""
        return str(self.post("/v1/tasks", project=project, title=title, stage=stage, **more)["id"])


@pytest.fixture
def app(database: Database) -> Iterator[App]:
    """An application of this test's own."""
    with running(database) as made:
        yield made


@pytest.fixture(scope="module")
def shared_workspace(postgres_server: PostgresServer, database_template: Template) -> Iterator[App]:
    """A workspace for all tests of a module that change nothing that another of them looks at."""
    with new_database(postgres_server, database_template) as database, running(database) as made:
        yield settled(made)


@contextmanager
def running(database: Database) -> Iterator[App]:
    """An application with its read models kept up to date."""
    with Log(database.app_url, durable=False) as log:
        stop = Event()
        projecting = Thread(target=_project, args=[database.app_url, log, stop], daemon=True)
        projecting.start()
        server = Server(database, log)
        server.start()
        with client_of(server.url) as client:
            with psycopg.connect(database.app_url, autocommit=True) as connection:
                token = access.create_token(connection, DANA, tuple(SCOPES)).secret
            client.headers["Authorization"] = f"Bearer {token}"
            yield App(server.url, database, server, client)
        server.stop()
        stop.set()
        projecting.join(10)


class Server:
    """A server process, as far as a browser can tell: stopped and started again, it is at the same address."""

    def __init__(self, database: Database, log: Log) -> None:
        self._database, self._log = database, log
        with listen("127.0.0.1", 0) as free:
            self._port: int = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"
        self.services = _services(database, log)

    def start(self) -> None:
        """Serve, with nothing known from before."""
        self.services = _services(self._database, self._log)
        self.services.pool.open()
        self.services.site = Site(self.url)
        made = create_app(self.services, [routes.router(self.services)], routes.RULES)
        routes.install(made)
        self._server, self._listening = make_server(made), listen("127.0.0.1", self._port)
        self._thread = Thread(target=self._server.run, args=[[self._listening]], daemon=True)
        self._thread.start()
        wait_until(lambda: self._server.started, "the start of the server")

    def stop(self) -> None:
        """End as SIGTERM ends it: open streams are closed."""
        self._server.should_exit = True
        self._thread.join(10)
        self.services.pool.close()
        self._listening.close()


def _services(database: Database, log: Log) -> Services:
    pool = make_pool(database.app_url, "api", 4)
    application = Milepost(log)
    application.gate = WelcomingGate(application)
    return Services(
        log=log,
        app=application,
        pool=pool,
        site=Site("http://127.0.0.1"),
        reached=reached.positions,
        projects_of=reached.projects_of,
    )


def _project(app_url: str, log: Log, stop: Event) -> None:
    with Projector(app_url, log, projections=PROJECTIONS) as projector:
        while not stop.is_set():
            log.follower.wait(projector.catch_up(), timeout=0.1)


@pytest.fixture
def workspace(app: App) -> App:
    """An application of this test's own with one published process, in which Dana and Bo work."""
    return settled(app)


def settled(app: App) -> App:
    """An application with one published process, in which Dana and Bo work."""
    app.add("dana", "bo")
    app.publish()
    return app


@pytest.fixture
def visitor(workspace: App) -> Iterator[httpx.Client]:
    """A browser session without a browser."""
    headers = {"Accept": "text/html"}
    with client_of(workspace.url, follow_redirects=True, headers=headers) as client:
        assert sign_in(client, workspace.link()).status_code == 200
        yield client


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium, for one module: while playwright runs, no other event loop can. Skipped without one."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("no Chromium on this machine: install Debian's package chromium")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield launched
        launched.close()


class Window:
    """The window of one browser for all tests of a module: to open one takes a browser longer than most tests."""

    def __init__(self, browser: Browser) -> None:
        self._looks_at: App | None = None
        self.context = browser.new_context(
            viewport={"width": 1440, "height": 900}, locale="en-GB", timezone_id="Europe/Berlin"
        )
        self.context.on("request", lambda request: self._only_ours(request.url))
        self.context.on("console", self._only_calm)
        self.context.on("weberror", lambda error: self._is_trouble(str(error.error)))
        self.context.set_default_timeout(PATIENCE)
        self.context.new_page()  # stays open: while one is, the browser keeps what it needs to show others

    def look_at(self, app: App) -> None:
        """Be signed in as Dana there, as the button of a sign-in link does it."""
        self._looks_at = app
        with client_of(app.url) as client:
            assert sign_in(client, app.link()).is_redirect
            self.context.add_cookies(
                [
                    {"name": cookie.name, "value": str(cookie.value), "url": app.url, "httpOnly": True,
                     "sameSite": "Lax"}
                    for cookie in client.cookies.jar
                ]
            )  # fmt: skip

    def tidy(self) -> None:
        """Nothing of a test is left: each has an address of its own, so what pages store there is its own too."""
        for page in self.context.pages[1:]:
            page.close()
        self.context.clear_cookies()
        self._looks_at = None

    def _only_ours(self, url: str) -> None:
        if self._looks_at is not None and not url.startswith((self._looks_at.url, "data:")):
            self._is_trouble(f"asked {url}")

    def _only_calm(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._is_trouble(message.text)

    def _is_trouble(self, text: str) -> None:
        if self._looks_at is not None:
            self._looks_at.trouble.append(text)


@pytest.fixture(scope="module")
def window(browser: Browser) -> Iterator[Window]:
    """A window for the tests of one module."""
    made = Window(browser)
    yield made
    made.context.close()


@pytest.fixture
def context(window: Window, app: App) -> Iterator[BrowserContext]:
    """A browser signed in as Dana; at the end it must have seen no error and asked nobody else for anything."""
    window.look_at(app)
    yield window.context
    window.tidy()
    assert app.trouble == []


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A page of a signed-in browser."""
    return context.new_page()


def keep(page: Page, name: str) -> None:
    """Keep what the page looks like, for people to see."""
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=ARTEFACTS / f"{name}.png")
