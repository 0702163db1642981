"""The production engines, PostgreSQL and nats-server, run from their wheels in a directory of the user's."""

from milepost.embedded.errors import DirectoryInUse, EmbeddedError
from milepost.embedded.nats import NatsServer, sync_interval
from milepost.embedded.postgres import PostgresServer

__all__ = ["DirectoryInUse", "EmbeddedError", "NatsServer", "PostgresServer", "sync_interval"]
