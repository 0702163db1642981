"""100,000 requests that nobody should send, by callers of every kind: how many break something or get too far.

Eight in ten come from the OpenAPI document, with odd things in path, query, headers and body; one in ten goes to a page
or sends a form; one in ten is a piece of broken HTTP. The figures are counts, and all but the first two have to be 0.
The seed is fixed, so that a count that is not 0 can be had again.
"""

from __future__ import annotations

import random
import re
import socket
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Event, Thread
from typing import Any

import httpx
import psycopg

from api.access import grants as access
from api.access.grants import PERSON, SCOPES, Scope
from api.access.matrix import RULES as OF_PROGRAMS
from api.access.matrix import Rule
from bench.odd_requests import PLACES, RAW, TEXTS, Maker, operations
from bench.served import serve_here, served
from bench.support import durable_server
from domain.words import Actor
from milepost.up.first_person import appoint, bring_in
from projections.engine.live import Projector
from projections.registry import PROJECTIONS
from store.log import Log
from store.migrations import migrate
from web import routes as pages

REQUESTS = 100_000
SEED = 20_261_201
DANA, CRM = Actor("person:dana"), Actor("service:crm")
STRANGER, AUDITOR, OWNER = Actor("person:stranger"), Actor("person:auditor"), Actor("person:pia")
VIEWER, MEMBER = Actor("person:viewer"), Actor("person:member")
_OUTSIDERS = (STRANGER, AUDITOR, VIEWER)
"""Who may change nothing but what they began themselves: nothing here is theirs, or they only look."""
_NOT_THEIRS = """
select e.position, e.type, e.data ->> 'by' from log.event e
join log.event first on first.stream = e.stream and first.version = (
  select min(version) from log.event where stream = e.stream)
where e.data ->> 'by' = any(%s) and (first.data ->> 'by') is distinct from (e.data ->> 'by')
"""
_PATIENCE_SECONDS = 30.0
_SLOW = frozenset({"DELETE /v1/tokens/{id}", "DELETE /v1/access/{id}"})
"""Each of these waits for a lease, so a few of them have to do."""
_OWN_END = frozenset({"DELETE /v1/session", "DELETE /v1/access"})
"""Whoever sends one of these is nobody afterwards."""
_SOME = 20
_PLANNED = frozenset({b"not_there_yet", b"overloaded"})
_FAILED = re.compile(rb"HTTP/1\.1 5\d\d ")
PROCESS: dict[str, Any] = {
    "key": "onboarding", "title": "Onboarding", "roles": [{"key": "seller", "title": "Seller"}],
    "stages": [
        {"key": "start", "title": "Start", "steps": [
            {"key": "contract", "title": "Sign the contract", "role": "seller", "fields": [
                {"key": "goals", "title": "Goals", "kind": "text", "required": True}]},
            {"key": "kickoff", "title": "Kick-off", "role": "seller"}]},
        {"key": "live", "title": "Live", "steps": [{"key": "go", "title": "Go live", "role": "seller"}]},
    ],
}  # fmt: skip


@dataclass(frozen=True)
class Sender:
    """Somebody who sends requests: under which name, with what in the head, and what they may."""

    name: str
    headers: Mapping[str, str]
    scopes: frozenset[str]

    def may(self, rule: Rule | None) -> bool:
        """Whether the matrix lets them in there."""
        return rule is None or rule.open or bool(rule.scopes & self.scopes)


@dataclass
class Told:
    """What came of it."""

    requests: int = 0
    refused: int = 0
    cut_off: int = 0
    failed: int = 0
    changed_by_a_refusal: int = 0
    let_in_without_a_right: int = 0
    touched_by_outsiders: int = 0
    sent: Counter[str] = field(default_factory=Counter)

    def complain(self, what: str, *facts: object) -> None:
        """Say on the error output what should not have been."""
        print(what, *facts, file=sys.stderr)


def run(scale: float) -> dict[str, float]:
    """All counts; ``scale`` 1 sends 100,000 requests."""
    count, told, pick = max(50, round(REQUESTS * scale)), Told(), random.Random(SEED)
    with durable_server() as server, ExitStack() as open_ones:
        migrate(server.owner_url)
        log = open_ones.enter_context(Log(server.app_url, durable=False))
        open_ones.enter_context(_projecting(server.app_url, log))
        port = open_ones.enter_context(served(server.app_url, "bench.hostile"))
        url = f"http://127.0.0.1:{port}"
        for somebody in (DANA, STRANGER, AUDITOR, OWNER, VIEWER, MEMBER):
            bring_in(log, somebody, somebody.partition(":")[2].capitalize())
        for bearer in (DANA, CRM):
            appoint(log, bearer, "administrator", "Is asked for everything")
        appoint(log, AUDITOR, "auditor", "Looks at everything")
        appoint(log, OWNER, "process_owner", "Writes the processes")
        senders = _senders(server.app_url)
        client = open_ones.enter_context(httpx.Client(base_url=url, timeout=_PATIENCE_SECONDS))
        run_id = _furnish(client, senders[0])
        document = client.get("/openapi.json").json()
        sending = _Sending(
            client, log, told, pick, document, senders, [run_id, "contract", "onboarding", "1"], port
        )
        for _ in range(count):
            sending.one()
        for found in log.ask(
            lambda connection: connection.execute(_NOT_THEIRS, [list(_OUTSIDERS)]).fetchall()
        ):
            told.touched_by_outsiders += 1
            told.complain("touched:", *found)
    return {
        "requests": float(told.requests), "refused": float(told.refused), "of_them_cut_off": float(told.cut_off),
        "server_errors": float(told.failed),
        "changed_though_refused": float(told.changed_by_a_refusal),
        "let_in_without_a_right": float(told.let_in_without_a_right),
        "touched_by_outsiders": float(told.touched_by_outsiders),
        "operations": float(len(told.sent)), "kinds_of_senders": float(len(senders)), "seed": float(SEED),
    }  # fmt: skip


@contextmanager
def _projecting(url: str, log: Log) -> Iterator[None]:
    """Read models that follow the log, as they do in every installation."""
    stop = Event()

    def follow() -> None:
        with Projector(url, log, projections=PROJECTIONS) as projector:
            while not stop.is_set():
                log.follower.wait(projector.catch_up(), timeout=0.1)

    following = Thread(target=follow, daemon=True)
    following.start()
    yield
    stop.set()
    following.join(_PATIENCE_SECONDS)


def _senders(url: str) -> list[Sender]:
    """Everybody's rights at once, each right alone, a person's usual ones, a program's, a browser's, and nobody's."""
    several: dict[str, tuple[Actor, tuple[Scope, ...], timedelta | None]] = {
        "everything": (CRM, tuple(SCOPES), None),
        **{scope: (CRM if scope in ("act_as", "service") else DANA, (scope,), None) for scope in SCOPES},
        "person": (DANA, PERSON, None),
        **{who.partition(":")[2]: (who, PERSON, None) for who in (STRANGER, AUDITOR, OWNER, VIEWER, MEMBER)},
    }
    with psycopg.connect(url, autocommit=True) as connection:
        made = [
            Sender(
                name,
                _bearing(access.create_token(connection, actor, scopes, lifetime).secret),
                frozenset(scopes),
            )
            for name, (actor, scopes, lifetime) in several.items()
        ]
        over = access.create_token(connection, DANA, PERSON, timedelta(microseconds=1)).secret
        administrators, members = (_session(connection, who) for who in (DANA, MEMBER))
    cookie = {"Cookie": f"milepost_session={administrators}"}
    nothing = frozenset[str]()
    return [
        *made,
        Sender("expired", _bearing(over), nothing),
        Sender("wrong", _bearing("mpt_" + "x" * 43), nothing),
        Sender("no bearer", {"Authorization": "Basic ZGFuYTpkYW5h"}, nothing),
        Sender("nobody", {}, nothing),
        Sender(
            "browser of an administrator",
            {**cookie, "X-CSRF-Token": access.csrf_token(administrators)},
            frozenset({*PERSON, "admin"}),
        ),
        Sender(
            "browser of a member",
            {"Cookie": f"milepost_session={members}", "X-CSRF-Token": access.csrf_token(members)},
            frozenset(PERSON),
        ),
        Sender(
            "another site",
            {**cookie, "Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
            nothing,
        ),
    ]


def _session(connection: psycopg.Connection[Any], who: Actor) -> str:
    """The secret of a browser's session, as signing in by a link makes it."""
    link = access.first_login_link(connection, "", who).partition("link=")[2]
    session = access.redeem(connection, link)
    assert session is not None
    return session.secret


def _bearing(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def _furnish(client: httpx.Client, sender: Sender) -> str:
    """A published process, a run of it in a project with a viewer and a member; the id of the run."""
    stages = [{"key": each["key"], "title": each["title"]} for each in PROCESS["stages"]]
    steps: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("PUT", "/v1/processes/onboarding/draft", PROCESS),
        ("POST", "/v1/processes/onboarding/publish", {"note": "First"}),
        (
            "POST",
            "/v1/projects",
            {"name": "Customers", "owner": DANA, "stages": stages, "process": "onboarding"},
        ),
    )
    told: list[dict[str, Any]] = []

    def ask(method: str, path: str, body: dict[str, Any]) -> str:
        answer = client.request(method, path, json=body, headers=dict(sender.headers))
        told.append(answer.raise_for_status().json())
        return str(told[-1]["id"])

    *_, project = [ask(*step) for step in steps]
    for member, access_to in ((VIEWER, "viewer"), (MEMBER, "member")):
        ask("POST", f"/v1/projects/{project}/members", {"member": member, "access": access_to})
    run = {"process": "onboarding", "name": "Acme", "roles": {"seller": DANA}, "project": project}
    return ask("POST", "/v1/runs", run)


@dataclass
class _Sending:
    """One request after the other, each looked at before the next."""

    client: httpx.Client
    log: Log
    told: Told
    pick: random.Random
    document: Mapping[str, Any]
    senders: list[Sender]
    ids: list[str]
    port: int

    def __post_init__(self) -> None:
        self._operations = [each for each in operations(self.document) if each.name not in _OWN_END]
        self._maker = Maker(self.pick, self.document["components"]["schemas"], self.ids)
        self._rules = {**OF_PROGRAMS, **pages.RULES}
        self._pages = [rule for rule in sorted(pages.RULES) if rule != "POST /sign-out"]

    def one(self) -> None:
        """Send one of the three kinds."""
        kind = self.pick.random()
        if kind < 0.1:
            self._broken_http()
        elif kind < 0.2:
            self._page()
        else:
            self._operation()

    def _operation(self) -> None:
        operation = self.pick.choice(self._operations)
        if operation.name in _SLOW and self.told.sent[operation.name] >= _SOME:
            return self._operation()
        maker = self._maker
        maker.begin()
        path, headers, more = maker.address(operation), maker.headers(operation), maker.content(operation)
        if "content" in more:
            headers["Content-Type"] = self.pick.choice(
                ["application/json", "text/plain", "application/json; charset=x"]
            )
        return self._send(operation.name, path, headers, more)

    def _page(self) -> None:
        name = self.pick.choice(self._pages)
        path = re.sub(r"\{\w+\}", lambda _: self.pick.choice([*PLACES, *self.ids]), name.split()[1])
        form = {
            self.pick.choice(["csrf", "reason", "values:goals", "stage", *TEXTS]): self.pick.choice(TEXTS)
        }
        self._send(name, path, {"Accept": "text/html"}, {"data": form} if name.startswith("POST") else {})

    def _send(self, name: str, path: str, headers: Mapping[str, str], more: dict[str, Any]) -> None:
        sender, before = self.pick.choice(self.senders), self.log.head()
        method = name.split(maxsplit=1)[0]
        try:
            with self.client.stream(method, path, headers={**sender.headers, **headers}, **more) as answer:
                streams = answer.headers.get("content-type", "").startswith("text/event-stream")
                body = b"" if streams else answer.read()
        except (httpx.InvalidURL, ValueError):
            return  # no client can send it
        except httpx.NetworkError:
            status, body = 499, b""  # refused before it was read, and hung up under what was still being sent
        else:
            status = answer.status_code
        self._look_at(name, path, sender, status, body, before)

    def _look_at(self, name: str, path: str, sender: Sender, status: int, body: bytes, before: int) -> None:
        told = self.told
        told.requests += 1
        told.sent[name] += 1
        told.refused += status >= 400
        told.cut_off += status == 499
        if status >= 500 and not any(code in body for code in _PLANNED):
            told.failed += 1
            told.complain("broke:", name, path, sender.name, status, body[:300])
        if status >= 400 and self.log.head() != before:
            told.changed_by_a_refusal += 1
            told.complain("changed though refused:", name, path, sender.name, status)
        if status < 400 and not sender.may(self._rules.get(name)):
            told.let_in_without_a_right += 1
            told.complain("let in:", name, path, sender.name, status)

    def _broken_http(self) -> None:
        """Bytes on a connection of their own; whatever comes back is no failure of the server, and nothing changes."""
        before = self.log.head()
        with socket.create_connection(("127.0.0.1", self.port), _PATIENCE_SECONDS) as connection:
            heard = _said_to(connection, _broken(self.pick, self.senders[0].headers["Authorization"]))
        self.told.requests += 1
        self.told.sent["broken HTTP"] += 1
        self.told.refused += heard.startswith(b"HTTP/1.1 4")
        if _FAILED.search(heard):
            self.told.failed += 1
            self.told.complain("broke:", "broken HTTP", heard[:300])
        self.told.changed_by_a_refusal += self.log.head() != before


def _said_to(connection: socket.socket, sent: bytes) -> bytes:
    """What is heard until the other side has no more to say."""
    heard = b""
    try:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        while len(heard) < 1 << 16 and (part := connection.recv(1 << 14)):
            heard += part
    except (ConnectionError, TimeoutError):
        pass  # it hung up, as it may
    return heard


_HEADS = (
    "{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\nContent-Type: application/json\r\n{more}\r\n",
    "{method} {path} HTTP/1.1\nHost: x\n{more}\n",
    "{method}  {path} HTTP/9.9\r\n\r\n",
    "{method} {path}\r\n\r\n",
    "{method} {path} HTTP/1.1\r\nHost: x\r\nHost: y\r\n{more}\r\n",
    "{method} http://other.example{path} HTTP/1.1\r\nHost: x\r\n{more}\r\n",
)
_MORE = (
    "", "Content-Length: 5\r\n", "Content-Length: -1\r\n", "Content-Length: 5\r\nContent-Length: 6\r\n",
    "Transfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
    "Transfer-Encoding: identity, chunked\r\n", "Transfer-Encoding : chunked\r\n", "Expect: 100-continue\r\n",
    "Content-Length: 99999999999999999999\r\n", "X: " + "y" * 70_000 + "\r\n", "X: \x00\r\n", " folded: x\r\n",
    "Upgrade: websocket\r\nConnection: Upgrade\r\n", "Upgrade: h2c\r\nHTTP2-Settings: x\r\n", "Connection: close\r\n",
)  # fmt: skip
_BODIES = (
    b"", b"{}", b"hello", b"5\r\nhello\r\n0\r\n\r\n", b"zz\r\nhello\r\n", b"-1\r\n\r\n", b"ffffffffffffffff\r\nx",
    b"5;x=y\r\nhello\r\n0\r\nX: y\r\n\r\n", b"\r\n\r\nGET / HTTP/1.1\r\n\r\n",
)  # fmt: skip


def _broken(pick: random.Random, token: str) -> bytes:
    """A request that is none: a head out of shape, a length that lies, or a good one with bytes changed."""
    methods = ("GET", "POST", "HEAD", "OPTIONS", "TRACE", "CONNECT", "PATCH", "get", "\x00", "PRI * HTTP/2.0")
    paths = ("/", "/v1/tasks", "/v1/me", "*", "/../..", "/%00", "/%zz", "//x", "/" + "a" * 9_000, "/?%ff")
    head = pick.choice(_HEADS).format(
        method=pick.choice(methods), path=pick.choice(paths), token=token, more=pick.choice(_MORE)
    )
    sent = bytearray(head.encode("latin-1") + pick.choice((*_BODIES, *RAW)))
    for _ in range(pick.choice((0, 0, 1, 5))):
        sent[pick.randrange(len(sent))] = pick.randrange(256)
    return bytes(sent[: pick.randrange(1, len(sent) + 1)] if pick.random() < 0.1 else sent)


def _serve(port: int) -> int:
    return serve_here(port, [pages.router()], pages.RULES)


if __name__ == "__main__":
    sys.exit(_serve(int(sys.argv[2])))
