"""Services are let in to read at the broker, each with a user of its own, and out again."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from nats.aio.client import Client
from nats.errors import Error
from psycopg.conninfo import conninfo_to_dict

from tests.cli.conftest import Milepost
from tests.stories.house import House


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
            url, inbox_prefix=f"_INBOX.{name}", allow_reconnect=False, max_reconnect_attempts=1
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
    with pytest.raises(Error):
        asyncio.run(first_message(told["url"], "crm"))
    assert at_home.json("subscriber", "list") == []


def test_what_cannot_be_a_subscriber_is_said(at_home: Milepost):
    """A name of Milepost's own, and subjects that are no events: nothing is made."""
    for words in (
        ("milepost_relay",),
        ("CRM",),
        ("crm", "--subject", "$JS.API.>"),
        ("crm", "--from", "never"),
    ):
        at_home("subscriber", "add", *words, code=2)
    assert at_home.json("subscriber", "list") == []


def test_another_servers_user_is_told(milepost: Milepost, house: House):
    """Where the NATS servers are others', the user that their configuration needs is printed, with its rights."""
    from milepost.cli import subscribers

    milepost.environment["MILEPOST_NATS_URL"] = "nats://127.0.0.1:1"
    assert "does not do it" in milepost("subscriber", "add", "erp", code=3).stderr
    told = subscribers._as_told("erp", "a-password")
    assert told["user"]["permissions"]["subscribe"]["allow"] == ["_INBOX.erp.>"]
    assert "$JS.API.CONSUMER.MSG.NEXT.MILEPOST.erp" in told["user"]["permissions"]["publish"]["allow"]
    assert told["url"] is None
