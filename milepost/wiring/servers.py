"""Where the database and the broker of this instance are, from its settings: for the API and for workers alike."""

from __future__ import annotations

from milepost.settings.settings import Settings, SettingsError
from workers.transport import BrokerSettings


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
