"""Calls go to public addresses only, or to what a setting lists; what was checked is what is connected to."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from store.log import Log
from tests.support.databases import Database
from tests.support.receiver import Receiver, receiver
from tests.workers.deeds import World
from workers.automations.targets import NotAllowed, NotFound, Target, Targets


def resolve(url: str, *listed: str) -> Target:
    """Where a call to this address would go."""
    return asyncio.run(Targets(listed).resolve(url))


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """A look-up of names that answers as the test says; nothing is asked of the network."""
    known: dict[str, list[str]] = {}

    async def look_up(_loop: Any, host: str, port: int, **_: Any) -> list[Any]:
        if host not in known and not host[0].isdigit() and ":" not in host:
            raise socket.gaierror("unknown")
        found = known.get(host, [host])
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", look_up)
    return known


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://127.1.2.3:8080/",
        "http://0.0.0.0/",
        "http://10.0.0.5/",
        "http://172.16.9.9/",
        "http://192.168.1.1/",
        "http://100.64.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://224.0.0.1/",
        "http://255.255.255.255/",
        "http://[::1]/",
        "http://[fe80::1]/",
        "http://[fd00:ec2::254]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/",
    ],
)
def test_addresses_that_are_not_public_are_refused(names: dict[str, list[str]], url: str):
    """Loopback, private, link-local, metadata, shared, multicast, and IPv6 that stands for such IPv4."""
    with pytest.raises(NotAllowed, match="no public address"):
        resolve(url)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "gopher://93.184.215.14/",
        "http:///x",
        "http://user:pass@93.184.215.14/",
        "http://93.184.215.14@127.0.0.1/",
        "http://93.184.215.14:99999/",
        "http://[::1/",
    ],
)
def test_what_is_no_web_address_is_refused(names: dict[str, list[str]], url: str):
    """Other schemes, hosts that are none, users and passwords in the address."""
    with pytest.raises(NotAllowed):
        resolve(url)


def test_a_public_name_that_leads_inside_is_refused(names: dict[str, list[str]]):
    """One inner address among public ones is enough to refuse the name."""
    names["crm.example.com"] = ["93.184.215.14", "10.0.0.5"]
    with pytest.raises(NotAllowed, match=r"10\.0\.0\.5"):
        resolve("https://crm.example.com/x")


def test_the_checked_address_is_the_one_connected_to(names: dict[str, list[str]]):
    """The name is looked up once: the connection goes to that address, the name stays in Host and in TLS."""
    names["crm.example.com"] = ["93.184.215.14"]
    target = resolve("https://CRM.example.com/v1/x?y=1#z")
    assert target.url == "https://93.184.215.14:443/v1/x?y=1"
    assert (target.host, target.host_header) == ("crm.example.com", "crm.example.com")
    assert resolve("https://crm.example.com:8443/").host_header == "crm.example.com:8443"


def test_a_name_without_an_address_is_not_found(names: dict[str, list[str]]):
    """That may pass: it is tried again."""
    with pytest.raises(NotFound):
        resolve("https://nowhere.example.com/")


@pytest.mark.parametrize(
    ("listed", "url", "allowed"),
    [
        ("10.1.0.0/16", "http://10.1.2.3/", True),
        ("10.1.0.0/16", "http://10.2.2.3/", False),
        ("10.1.2.3", "http://10.1.2.3/", True),
        ("crm.internal", "http://crm.internal/", True),
        ("*.internal", "http://crm.internal/", True),
        ("*.internal", "http://internal.example.com/", False),
        ("crm.internal", "http://notcrm.internal/", False),
        ("fd00::/8", "http://[fd00::1]/", True),
    ],
)
def test_listed_targets_are_allowed(names: dict[str, list[str]], listed: str, url: str, allowed: bool):
    """Networks, addresses, names, and all names below one; nothing else."""
    for name in ("crm.internal", "internal.example.com", "notcrm.internal"):
        names[name] = ["10.9.9.9"]
    if allowed:
        assert resolve(url, listed).address
    else:
        with pytest.raises(NotAllowed):
            resolve(url, listed)


@pytest.fixture
def inside() -> Iterator[Receiver]:
    """A service that nobody listed."""
    with receiver() as found:
        yield found


def test_what_is_not_allowed_is_an_incident_at_once(database: Database, log: Log, inside: Receiver):
    """Nothing is sent; somebody is asked at once, and sees which setting would allow it."""
    world = World(log, database.app_url, allowed=())
    step = {"key": "call", "kind": "http", "http": {"url": f"{inside.url}/x"}}
    run = world.start(world.publish(step))
    world.act()
    (incident,) = world.run(run).incidents.values()
    assert incident.problem == "not_allowed"
    assert "MILEPOST_ALLOWED_TARGETS" in incident.reason
    assert inside.heard == []
    world.close()


def test_values_cannot_change_where_a_call_goes(database: Database, log: Log, inside: Receiver):
    """What somebody typed stays a part of the path: slashes, dots, question marks and line ends change nothing."""
    world = World(log, database.app_url)
    http = {
        "url": f"{inside.url}/v1/{{inputs.plan}}/end",
        "headers": {"X-Plan": "{inputs.plan}"},
        "body": {"plan": "{inputs.plan}", "again": "[{inputs.plan}]"},
    }
    definition = world.publish({"key": "call", "kind": "http", "http": http})
    typed = "../../admin?x=1#\r\nHost: evil\r\n {run.id}"
    run = world.start(definition, inputs={"plan": typed})
    world.act()
    heard = inside.heard[0]
    assert world.run(run).state == "completed"
    assert heard.path == "/v1/..%2F..%2Fadmin%3Fx%3D1%23%0D%0AHost%3A%20evil%0D%0A%20%7Brun.id%7D/end"
    assert heard.headers["host"] == f"127.0.0.1:{inside.port}"
    assert heard.headers["x-plan"] == "../../admin?x=1# Host: evil {run.id}"
    assert heard.json == {"plan": typed, "again": f"[{typed}]"}
    dots = world.start(definition, inputs={"plan": ".."})
    world.act()
    (incident,) = world.run(dots).incidents.values()
    assert incident.problem == "bad_document"
    world.close()


def test_a_value_keeps_its_kind_in_a_body(database: Database, log: Log, inside: Receiver):
    """A body value that is exactly one placeholder is the value itself: a number, a list, nothing."""
    world = World(log, database.app_url)
    inputs = [
        {"key": "count", "title": "Count", "kind": "number"},
        {"key": "tags", "title": "Tags", "kind": "multi_choice", "choices": ["a", "b"]},
        {"key": "unset", "title": "Unset", "kind": "text"},
    ]
    body = {
        "count": "{inputs.count}",
        "tags": ["{inputs.tags}"],
        "unset": "{inputs.unset}",
        "n": 1,
        "who": "{role.seller}",
    }
    step = {"key": "call", "kind": "http", "http": {"url": inside.url + "/x", "body": body}}
    world.start(world.publish(step, inputs=inputs), inputs={"count": 7.5, "tags": ["a", "b"]})
    world.act()
    assert inside.heard[0].json == {
        "count": 7.5, "tags": [["a", "b"]], "unset": None, "n": 1, "who": "person:dana",
    }  # fmt: skip
    world.close()
