"""Puts the parts together: from settings to what each process runs."""

from __future__ import annotations

from fastapi import FastAPI

from api.access.guard import Site
from api.access.origins import is_loopback
from api.access.provider import Provider, Registered
from api.access.throttle import Callers
from api.app import create_app
from api.handling import reached
from api.handling.services import Services
from api.server import serve
from application.milepost import Milepost
from milepost.settings.link_secret import link_secret
from milepost.settings.settings import Settings, SettingsError
from milepost.wiring.health import health_of, remembered
from milepost.wiring.servers import application_url, broker
from store.connect import make_pool
from store.log import Log
from web import routes as pages
from workers.log_setup import set_up

CALLER_AT_ONCE = 100
"""Requests of one caller that may be under way in a process, open streams among them."""
HEALTH_SECONDS = 1.0
POOL_OPEN_SECONDS = 30.0


def make_log(settings: Settings, *, durable: bool = True) -> Log:
    """The log of this instance, not started. ``durable=False``: a test's own server may lose events."""
    readers = max(2, settings.database_connections // 2)
    return Log(
        application_url(settings), durable=durable, poll_seconds=settings.poll_seconds, readers=readers
    )


def _provider(settings: Settings) -> Provider | None:
    issuer, client, secret = settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret
    if issuer is None or client is None or secret is None:
        if (issuer, client, secret) != (None, None, None):
            raise SettingsError(
                "MILEPOST_OIDC_ISSUER, MILEPOST_OIDC_CLIENT_ID and MILEPOST_OIDC_CLIENT_SECRET go together"
            )
        return None
    return Provider(Registered(issuer, client, secret, settings.oidc_title))


def make_services(settings: Settings, log: Log) -> Services:
    """What the HTTP interface works with; its pool is not open yet."""
    url = application_url(settings)
    return Services(
        log=log,
        app=Milepost(log, calendar=settings.calendar, file_types=settings.file_types),
        pool=make_pool(
            url, "api", max(2, settings.database_connections - settings.database_connections // 2)
        ),
        site=Site(
            settings.base_url,
            settings.trusted_hosts,
            settings.public_url is None and is_loopback(settings.host),
        ),
        reached=reached.positions,
        projects_of=reached.projects_of,
        link_secret=link_secret(settings),
        sends_mails=settings.smtp_url is not None,
        file_limit_bytes=settings.file_limit_mb << 20,
        callers=Callers(settings.requests_per_minute, CALLER_AT_ONCE),
        provider=_provider(settings),
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
            return serve(
                make_app(services),
                host=settings.host,
                port=settings.port,
                share_port=share_port,
                proxies=settings.trusted_proxies,
            )
        finally:
            services.pool.close()
