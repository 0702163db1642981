"""Which runs have a digest, and since when: what the worker looks through."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from projections.asking import Conn
from projections.statements import ask, statements

_SQL = statements("machine/digest_queries")


class RunningVersion(NamedTuple):
    """A version of a process that runs follow."""

    process: str
    version: int


class DigestRun(NamedTuple):
    """A run, and the moment that its digests are counted from."""

    run: UUID
    since: datetime


def running_versions(connection: Conn) -> list[RunningVersion]:
    """Every version of a process that runs follow now."""
    return ask(connection, _SQL["versions"], RunningVersion)


def digest_runs(connection: Conn, process: str, version: int, after: str | None) -> list[DigestRun]:
    """The running runs of a version and the moment that their digests are counted from (``after`` None: the start)."""
    return ask(connection, _SQL["running"], DigestRun, process=process, version=version, after=after)
