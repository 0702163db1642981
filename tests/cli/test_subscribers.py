"""Services are let in to read at the broker, each with a user of its own, and out again."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from nats.aio.client import Client
from nats.errors import Error
from nats.js.api import ConsumerInfo, DeliverPolicy
from nats.js.errors import NotFoundError
from psycopg.conninfo import conninfo_to_dict
from typer.testing import CliRunner

from milepost.cli import build
from milepost.cli.machine import subscribers as commands
from milepost.embedded import EmbeddedError, NatsServer
from store.subscribers import Subscriber
from tests.cli.conftest import Milepost
from tests.stories.house import House
from tests.support.databases import Database
from workers import subscribing, transport
from workers.broker_users import rights_of
from workers.subjects import STREAM
from workers.transport import BrokerSettings


@pytest.fixture
def at_home(milepost: Milepost, house: House) -> Milepost:
    """The command line of who owns the home of the running Milepost."""
    socket = str(conninfo_to_dict(house.database_url)["host"])
    milepost.environment["MILEPOST_HOME"] = str(Path(socket).parent.parent)
    return milepost


async def first_message(url: str, name: str) -> bytes:
    """What the service reads first, as docs/how-to/subscribe.md has it connect."""
    client = Client()
    try:
        await client.connect(
            url, inbox_prefix=f"_MILEPOST.{name}", allow_reconnect=False, max_reconnect_attempts=1
        )
        subscription = await client.jetstream().pull_subscribe_bind(name, stream="MILEPOST")
        [message] = await subscription.fetch(1, timeout=10)
        await message.ack()
        return message.data
    finally:
        await client.close()


def test_a_service_is_let_in_and_out(at_home: Milepost, visit: str):
    """Added, it reads from the start; a name is taken once; removed, its password opens nothing."""
    told = at_home.json("subscriber", "add", "crm", "--from", "start")
    assert json.loads(asyncio.run(first_message(told["url"], "crm")))["id"] == "1"
    assert "subscribes already" in at_home("subscriber", "add", "crm", code=1).stderr
    rows = at_home.json("subscriber", "list")
    assert [(row["name"], row["subjects"], row["unacknowledged"]) for row in rows] == [
        ("crm", ["milepost.v1.>"], 0)
    ]
    assert "crm" in at_home("subscriber", "list").stdout
    assert "reads no more" in at_home("subscriber", "remove", "crm").stdout
    with pytest.raises((Error, OSError)):  # turned away, or the connection cut while it is
        asyncio.run(first_message(told["url"], "crm"))
    assert at_home.json("subscriber", "list") == []


def test_what_cannot_be_a_subscriber_is_said(at_home: Milepost):
    """A name of Milepost's own, and subjects that are no events: nothing is made, and what would do is said."""
    for words, accepted in (
        (("milepost_relay",), "does not begin with milepost"),
        (("CRM",), "lower-case letters"),
        (("crm", "--subject", "$JS.API.>"), "it takes milepost.v1.>"),
        (("crm", "--from", "never"), "'start', 'now'"),
    ):
        said = at_home("subscriber", "add", *words, code=2).stderr
        assert accepted in " ".join(said.replace("│", " ").split())
    assert at_home.json("subscriber", "list") == []


@pytest.fixture
def elsewhere(nats_server: NatsServer, database: Database, monkeypatch: pytest.MonkeyPatch) -> BrokerSettings:
    """The command line of an installation whose servers are its own: they are named, and in no home."""
    monkeypatch.setenv("MILEPOST_NATS_URL", nats_server.owner_url)
    monkeypatch.setenv("MILEPOST_DATABASE_URL", database.app_url)
    return BrokerSettings((nats_server.owner_url,))


def test_another_servers_user_is_told(elsewhere: BrokerSettings):
    """Where the NATS servers are others', the user that their configuration needs is printed, with its rights."""
    told = CliRunner().invoke(build("subscriber"), ["subscriber", "add", "erp", "--json"])
    assert told.exit_code == 0, told.output
    answer = json.loads(told.stdout)
    assert (answer["url"], answer["inbox_prefix"]) == (None, "_MILEPOST.erp")
    assert answer["user"]["permissions"] == rights_of("erp").permissions()
    assert (answer["user"]["user"], len(answer["user"]["password"]) > 20) == ("erp", True)
    assert asyncio.run(consumer(elsewhere, "erp")) is not None


def test_a_broker_that_is_away_is_said(elsewhere: BrokerSettings, monkeypatch: pytest.MonkeyPatch):
    """Nobody is let in, and the next try is not told that somebody subscribes already."""
    for _ in range(2):
        monkeypatch.setenv("MILEPOST_NATS_URL", "nats://127.0.0.1:1")
        told = CliRunner().invoke(build("subscriber"), ["subscriber", "add", "erp"])
        assert (told.exit_code, "does not do it" in told.stderr) == (3, True)


async def consumer(broker: BrokerSettings, name: str) -> ConsumerInfo | None:
    """The consumer of this name."""
    client = await transport.connect_once(broker, "test")
    try:
        found: ConsumerInfo = await client.jetstream().consumer_info(STREAM, name)
        return found
    except NotFoundError:
        return None
    finally:
        await client.close()


def test_a_service_reads_what_it_was_let_in_for(nats_server: NatsServer):
    """A consumer that is left at the broker under its name is not taken up, with its subjects and its place."""
    broker = BrokerSettings((nats_server.owner_url,))
    asyncio.run(subscribing.add(broker, Subscriber("left", ("milepost.v1.run.>",), from_start=True)))
    asyncio.run(subscribing.add(broker, Subscriber("left", ("milepost.v1.project.>",))))
    found = asyncio.run(consumer(broker, "left"))
    assert found is not None
    assert found.config.filter_subjects == ["milepost.v1.project.>"]
    assert found.config.deliver_policy == DeliverPolicy.NEW


def test_who_could_not_be_let_in_leaves_no_consumer(
    elsewhere: BrokerSettings, monkeypatch: pytest.MonkeyPatch
):
    """Where the user cannot be made, the consumer that was made for it goes again."""

    def refused(_name: str) -> Any:
        raise EmbeddedError("no user")

    monkeypatch.setattr(commands, "_let_in", refused)
    assert CliRunner().invoke(build("subscriber"), ["subscriber", "add", "nearly"]).exit_code != 0
    assert asyncio.run(consumer(elsewhere, "nearly")) is None
