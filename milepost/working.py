"""Puts a worker process together: the relay to NATS and the projector of the read models."""

from __future__ import annotations

from milepost.settings import Settings, SettingsError
from projections.engine import Projector
from store.log import Log
from workers.app import WorkerSettings, serve
from workers.log_setup import set_up
from workers.transport import BrokerSettings


def run_worker(settings: Settings) -> int:
    """Work until told to stop; the exit code. Raises what made the worker give up, so that it is started again."""
    url = settings.application_dsn
    if url is None or not settings.nats_servers:
        raise SettingsError("MILEPOST_DATABASE_URL and MILEPOST_NATS_URL are needed; `milepost up` sets both")
    set_up(settings.log_level, settings.log_format)
    broker = BrokerSettings(tuple(settings.nats_servers), replicas=settings.stream_replicas)

    def projector(log: Log) -> Projector:
        return Projector(url, log)

    serve(WorkerSettings(url, broker, poll_seconds=settings.poll_seconds), projector)
    return 0
