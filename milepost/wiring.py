"""Puts the parts together: from settings to what each process runs."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from api import reached
from api.app import create_app
from api.guard import Site
from api.server import serve
from api.services import Services
from api.throttle import Callers
from milepost.embedded import sync_interval
from milepost.link_secret import link_secret
from milepost.settings import Settings, SettingsError
from store.connect import make_pool
from store.log import Log
from store.repository import Repository
from web import routes as pages
from workers import health as workers_health
from workers.log_setup import set_up
from workers.transport import BrokerSettings

CALLER_AT_ONCE = 100
"""Requests of one caller that may be under way in a process, open streams among them."""
HEALTH_SECONDS = 1.0
POOL_OPEN_SECONDS = 30.0


def application_url(settings: Settings) -> str:
    """The database as the application; SettingsError when none is named."""
    if settings.application_dsn is None:
        raise SettingsError("MILEPOST_DATABASE_URL is not set: `milepost up` sets it for its own processes")
    return settings.application_dsn


def broker(settings: Settings) -> BrokerSettings:
    """How to reach the broker."""
    return BrokerSettings(
        tuple(settings.nats_servers), tuple(settings.nats_relay_servers), replicas=settings.stream_replicas
    )


def make_log(settings: Settings, *, durable: bool = True) -> Log:
    """The log of this instance, not started. ``durable=False``: a test's own server may lose events."""
    readers = max(2, settings.database_connections // 2)
    return Log(
        application_url(settings), durable=durable, poll_seconds=settings.poll_seconds, readers=readers
    )


def make_services(settings: Settings, log: Log) -> Services:
    """What the HTTP interface works with; its pool is not open yet."""
    url = application_url(settings)
    return Services(
        log=log,
        repository=Repository(log),
        pool=make_pool(
            url, "api", max(2, settings.database_connections - settings.database_connections // 2)
        ),
        site=Site(settings.base_url),
        calendar=settings.calendar,
        reached=reached.positions,
        projects_of=reached.projects_of,
        link_secret=link_secret(settings),
        sends_mails=settings.smtp_url is not None,
        file_limit_bytes=settings.file_limit_mb << 20,
        file_types=settings.file_types,
        callers=Callers(settings.requests_per_minute, CALLER_AT_ONCE),
        health=remembered(health_of(url, broker(settings), settings.home), HEALTH_SECONDS),
    )


def make_app(services: Services) -> FastAPI:
    """The HTTP interface with the pages of the browser."""
    app = create_app(services, [pages.router(services)], pages.RULES)
    pages.install(app)
    return app


def run_api(settings: Settings, *, share_port: bool = False) -> int:
    """Serve HTTP until told to stop; the exit code."""
    set_up(settings.log_level, settings.log_format)
    with make_log(settings) as log:
        services = make_services(settings, log)
        services.pool.open(wait=True, timeout=POOL_OPEN_SECONDS)
        try:
            return serve(make_app(services), host=settings.host, port=settings.port, share_port=share_port)
        finally:
            services.pool.close()


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
