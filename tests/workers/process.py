"""The worker process under test: `python -m tests.workers.process '{"database_url": …}'`."""

import json
import sys
from typing import Any

from store.log import Log
from tests.workers.tally import TallyProjector
from workers import log_setup
from workers.app import WorkerSettings, serve
from workers.transport import BrokerSettings

BROKER = BrokerSettings.__dataclass_fields__


def main(told: dict[str, Any]) -> None:
    """Serve with these settings."""
    log_setup.set_up("debug" if told.pop("debug", False) else "info")
    broker = BrokerSettings(
        urls=(str(told.pop("nats_url")),), **{name: told.pop(name) for name in list(told) if name in BROKER}
    )
    settings = WorkerSettings(broker=broker, durable=False, **told)

    def projector(log: Log) -> TallyProjector:
        return TallyProjector(log, settings.database_url)

    serve(settings, projector)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
