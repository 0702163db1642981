"""How this instance is, asked of its database and its broker."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from milepost.embedded import sync_interval
from workers import health as workers_health
from workers.transport import BrokerSettings

Health = Callable[[], Awaitable[Mapping[str, Any]]]


def health_of(database_url: str, settings: BrokerSettings, home: Path) -> Health:
    """Asks Postgres and NATS how things are; of an embedded NATS in ``home`` also how often it writes to disk."""

    async def health() -> Mapping[str, Any]:
        interval = sync_interval(home / "nats", settings.urls)
        facts = await workers_health.collect(database_url, settings, sync_interval=interval)
        return workers_health.judge(facts).as_dict()

    return health


def remembered(health: Health, seconds: float) -> Health:
    """The same, asked at most once in so many seconds: the route is open to everybody."""
    known: Mapping[str, Any] = {}
    until = 0.0

    async def health_then() -> Mapping[str, Any]:
        nonlocal known, until
        if time.monotonic() >= until:
            until = time.monotonic() + seconds
            known = await health()
        return known or await health()

    return health_then
