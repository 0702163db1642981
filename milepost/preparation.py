"""What must be in place before an API or a worker starts: the schema of the log, and whatever else is made once."""

from dataclasses import dataclass

from store.migrations import migrate


@dataclass(frozen=True)
class Prepared:
    """What `prepare` changed."""

    migrations: list[str]


def prepare(owner_url: str, nats_servers: list[str], *, replicas: int) -> Prepared:
    """Bring database and broker to what this release needs; any number of times, by any number of processes."""
    return Prepared(migrations=migrate(owner_url))
