"""The production engines, PostgreSQL and nats-server, run from their wheels in a directory of the user's."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from milepost.embedded.errors import DirectoryInUse, EmbeddedError

if TYPE_CHECKING:
    from milepost.embedded.nats import NatsServer, sync_interval
    from milepost.embedded.postgres import PostgresServer

__all__ = ["DirectoryInUse", "EmbeddedError", "NatsServer", "PostgresServer", "sync_interval"]

_ENGINES = {"NatsServer": "nats", "PostgresServer": "postgres", "sync_interval": "nats"}


def __getattr__(name: str) -> Any:
    """An engine is read in when somebody runs it: most verbs of the command line only read a file of its home."""
    if name not in _ENGINES:
        raise AttributeError(name)
    return getattr(import_module(f"milepost.embedded.{_ENGINES[name]}"), name)
