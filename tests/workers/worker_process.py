"""The worker under test, to be run in a process of its own."""

from collections.abc import Callable
from typing import Any

import psycopg

import workers.app
from projections.engine.live import Projector
from projections.registry import PROJECTIONS
from store.log import Log
from tests.workers.poison import poisoned
from tests.workers.tally import TallyProjector
from workers import log_setup
from workers.app import WorkerSettings, serve
from workers.transport import BrokerSettings

CANARY = "canary-4417"


class Broken:
    """A projector with a defect that no waiting cures, told in an error that quotes a row."""

    def catch_up(self) -> int:
        """Fail, once there is something to apply."""
        raise psycopg.errors.NotNullViolation(f"DETAIL: Failing row contains ({CANARY})")


PROJECTORS: dict[str, Callable[[Log, str], workers.app.Projector]] = {
    "tally": TallyProjector,
    "real": lambda log, url: Projector(url, log, projections=PROJECTIONS),
    "broken": lambda _log, _url: Broken(),
    "poisoned": lambda log, url: Projector(url, log, projections=poisoned()),
}
BROKER = BrokerSettings.__dataclass_fields__


def main(told: dict[str, Any]) -> None:
    """Serve with these settings."""
    log_setup.set_up("debug" if told.pop("debug", False) else "info")
    relays = tuple(told.pop("relay_urls", ()))
    more = {name: told.pop(name) for name in list(told) if name in BROKER}
    broker = BrokerSettings((str(told.pop("nats_url")),), relays, **more)
    make = PROJECTORS[told.pop("projector", "tally")]
    settings = WorkerSettings(broker=broker, durable=False, **told)
    serve(settings, lambda log: make(log, settings.database_url))
