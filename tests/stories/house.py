"""A whole Milepost as its users have it: `milepost up` in a directory of its own, spoken to over HTTP."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import httpx
import psycopg

from api.access.grants import PERSON, create_token
from domain.events import Event
from domain.shown import spoken
from domain.words import Actor
from milepost.up.first_person import appoint
from store.log import Log
from store.mapper import to_event
from store.reading import read_stream
from tests.support.clients import client_of, get
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from tests.stories.walking import Walk

ROOT = Path(__file__).parents[2]
STOP_SECONDS = 30


@dataclass
class House:
    """A running Milepost. Commands may be given in anybody's name; every answer waits for what was done before it."""

    url: str
    token: str
    database_url: str
    http: httpx.Client
    position: int = 0
    walks: list[Walk] = field(default_factory=list)
    """The runs that stories walked through."""
    here: set[str] = field(default_factory=set)
    """The people who were added."""

    def add(self, *people: str) -> None:
        """Let these work here, each with a mail address: nobody else can be named."""
        for who in people:
            if who.startswith("person:") and who not in self.here:
                key = who.removeprefix("person:")
                self.tell("/v1/people", {"person": key, "name": spoken(who), "email": f"{key}@house.example"})
                self.here.add(who)

    def tell(
        self, path: str, body: dict[str, Any] | None = None, actor: str | None = None, method: str = "POST"
    ) -> Any:
        """Give a command that has to be accepted; remembers the position that it reached."""
        answer = self.send(path, body, actor, method)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        told = answer.json()
        self.position = max(self.position, told["position"])
        return told

    def send(
        self, path: str, body: dict[str, Any] | None = None, actor: str | None = None, method: str = "POST"
    ) -> httpx.Response:
        """Give a command, whatever the answer."""
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": str(uuid4())}
        if actor is not None:
            headers["Milepost-Actor"] = actor
        return self.http.request(method, path, json=body or {}, headers=headers)

    def keep(self, file: dict[str, Any]) -> Any:
        """Upload a content under this name and type; what is given as a value then."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": file["type"]}
        name = {"name": file["name"]}
        return self.http.post("/v1/files", params=name, content=b"%PDF", headers=headers).json()

    def events(self, run: str) -> list[Event]:
        """Everything that happened to a run, as the log has it."""
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            return [to_event(recorded) for recorded in read_stream(connection, UUID(run), 0)]

    def ask(self, path: str, **query: Any) -> Any:
        """A view that has everything that was told before."""
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = self.http.get(path, params={"min_position": self.position, **query}, headers=headers)
        assert answer.is_success, f"GET {path}: {answer.status_code} {answer.text}"
        return answer.json()


def house(directory: Path, **settings: str) -> AbstractContextManager[House]:
    """Start these sources with these settings, and stop them as Ctrl-C does."""
    return _house([sys.executable, "-m", "milepost"], ROOT, directory, settings)


def installed_house(program: Path, directory: Path, **settings: str) -> AbstractContextManager[House]:
    """As ``house``, of an installed `milepost` in an empty directory."""
    empty = directory.parent / "empty"
    empty.mkdir()
    compiled = {"PYTHONPYCACHEPREFIX": str(directory.parent / "compiled")}
    return _house([str(program)], empty, directory, compiled | settings)


@contextmanager
def _house(command: list[str], at: Path, directory: Path, settings: dict[str, str]) -> Iterator[House]:
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("MILEPOST_", "PYTHONPATH"))
    }
    environment = inherited | {
        "MILEPOST_HOME": str(directory),
        "MILEPOST_PORT": "0",
        "MILEPOST_DEMO": "false",
        **settings,
    }
    with (directory.parent / f"{directory.name}.log").open("wb") as log:
        process = subprocess.Popen([*command, "up"], cwd=at, env=environment, stdout=log, stderr=log)
        try:
            wait_until(lambda: process.poll() is not None or _ready(directory))
            assert process.poll() is None, Path(log.name).read_text()
            running = _speak_to(directory)
            with running.http:
                yield running
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(STOP_SECONDS) == 0, Path(log.name).read_text()


def _ready(directory: Path) -> bool:
    try:
        instance = json.loads((directory / "run" / "instance.json").read_text())
        return get(f"{instance['url']}/health/ready").status_code == 200
    except (OSError, ValueError, KeyError, httpx.HTTPError):
        return False


def _speak_to(directory: Path) -> House:
    instance = json.loads((directory / "run" / "instance.json").read_text())
    with psycopg.connect(instance["database_url"], autocommit=True) as connection:
        token = create_token(
            connection, Actor("service:stories"), (*PERSON, "admin", "act_as", "send_events")
        )
    with Log(instance["database_url"]) as log:
        appoint(log, Actor("service:stories"), "administrator", "Tells stories")
    http = client_of(instance["url"], timeout=30)
    return House(instance["url"], token.secret, instance["database_url"], http)
