"""Users at this test's nats-server."""

from __future__ import annotations

import asyncio

from milepost.embedded import NatsServer
from milepost.embedded.nats import change_subscribers
from store.subscribers import Subscriber
from tests.support.waiting import wait_until
from workers import subscribing
from workers.transport import BrokerSettings


def subscriber(server: NatsServer, wanted: Subscriber) -> str:
    """Let a service in, as `milepost subscriber add` does; the address that it is told."""
    asyncio.run(subscribing.add(BrokerSettings((server.owner_url,)), wanted))
    before = server.log.read_text().count("Reloaded server configuration")
    change_subscribers(server.directory, lambda passwords: passwords.update({wanted.name: "a-password"}))
    reloaded = "Reloaded server configuration"
    wait_until(lambda: server.log.read_text().count(reloaded) > before, "the server to know the user")
    return f"nats://{wanted.name}:a-password@127.0.0.1:{server.port}"
