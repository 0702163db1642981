"""Which runs have a digest, and since when: what the worker looks through."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from projections.asking import Conn
from projections.engine.projection import blocks

_SQL = {name: text.encode() for name, text in blocks("machine/digest_queries").items()}


def running_versions(connection: Conn) -> list[tuple[str, int]]:
    """Every version of a process that runs follow now."""
    return connection.execute(_SQL["versions"]).fetchall()


def digest_runs(
    connection: Conn, process: str, version: int, after: str | None
) -> list[tuple[UUID, datetime]]:
    """The running runs of a version and the moment that their digests are counted from (``after`` None: the start)."""
    told = {"process": process, "version": version, "after": after}
    return connection.execute(_SQL["running"], told).fetchall()
