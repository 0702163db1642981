"""Where an application of the eventsourcing library gets its recorders for this log."""

from __future__ import annotations

from typing import NoReturn

from eventsourcing.persistence import AggregateRecorder, InfrastructureFactory, TrackingRecorder
from eventsourcing.popo import POPOAggregateRecorder
from eventsourcing.utils import Environment, EnvType

from store.log import Log
from store.recorder import LogRecorder


class LogFactory(InfrastructureFactory[TrackingRecorder]):
    """The infrastructure of an application on one log.

    It is given a started log, or opens the one at ``LOG_URL`` itself and then also stops it (``LOG_DURABLE=n`` takes a
    server that may lose events).
    """

    LOG_URL = "LOG_URL"
    LOG_DURABLE = "LOG_DURABLE"

    def __init__(self, env: Environment | EnvType | None, log: Log | None = None) -> None:
        super().__init__(env)
        self._own: Log | None = None
        if log is None:
            durable = self.env.get(self.LOG_DURABLE, "y") != "n"
            log = self._own = Log(self.env.get(self.LOG_URL, ""), durable=durable).start()
        self.log = log

    def aggregate_recorder(self, purpose: str = "events") -> AggregateRecorder:
        """Of snapshots. They are a cache, which the log can always make again: they stay in memory."""
        assert purpose == "snapshots", purpose
        return POPOAggregateRecorder()

    def application_recorder(self) -> LogRecorder:
        """On the log."""
        return LogRecorder(self.log)

    def tracking_recorder(self, tracking_recorder_class: type[TrackingRecorder] | None = None) -> NoReturn:
        """None: read models keep their checkpoints themselves, in the transaction of their rows."""
        raise NotImplementedError("projections keep their own checkpoints")

    def process_recorder(self) -> NoReturn:
        """None, likewise."""
        raise NotImplementedError("projections keep their own checkpoints")

    def close(self) -> None:
        """Stop the log, when it is the factory's own."""
        if self._own is not None:
            self._own.stop()
