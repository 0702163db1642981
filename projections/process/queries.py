"""The processes and their versions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from projections.answers import Processes, ProcessRow, ProcessView, VersionRow
from projections.asking import Conn, Fresh, NotFound, fresh, no_version, rows
from projections.cards.tallies import Tally, ended_runs, open_runs, tallies, total
from projections.paging import ALL, Page, counted


def processes(connection: Conn, page: Page = ALL) -> Processes:
    """All processes by title, with how many runs each has."""
    current = fresh(connection, "process_stats", "board")
    return processes_counted(connection, tallies(connection), current, page)


def processes_counted(
    connection: Conn, cards: Iterable[Tally], current: Fresh, page: Page = ALL
) -> Processes:
    """All processes by title, with their runs among these cards."""
    runs: dict[str | None, list[Tally]] = {}
    for each in cards:
        runs.setdefault(each.process, []).append(each)
    shown, after_these = counted(rows(connection, "processes", **page._asdict()), page)
    found = tuple(
        ProcessRow(
            key=key,
            title=title,
            owner=owner,
            version=version,
            versions=versions or 0,
            state=state,
            stages=stages or 0,
            steps=int(steps or 0),
            open_runs=total(runs.get(key, ()), open_runs),
            ended_runs=total(runs.get(key, ()), ended_runs),
            has_draft=has_draft,
            stream_version=stream_version,
            published_at=published_at,
        )
        for (
            key, title, owner, state, has_draft, stream_version, version, versions, published_at, stages, steps,
        ) in shown
    )  # fmt: skip
    return Processes(found, *current, *after_these)


def process(connection: Conn, key: str) -> ProcessView:
    """One process with its draft and its versions, newest first. Raises NotFound."""
    current = fresh(connection, "process_stats")
    found = rows(connection, "process", process=key)
    if not found:
        raise NotFound("process", key)
    _, title, state, draft, stream_version = found[0]
    versions = tuple(_version(row) for row in rows(connection, "process_versions", process=key))
    return ProcessView(key, title, state, draft, versions, stream_version, *current)


def process_version(connection: Conn, key: str, version: int) -> VersionRow:
    """One published version. Raises NotFound."""
    found = rows(connection, "version_document", process=key, version=version)
    if not found:
        raise no_version(connection, key, version)
    return _version(found[0])


def _version(row: tuple[Any, ...]) -> VersionRow:
    version, key, title, note, published_at, published_by, document = row
    return VersionRow(key, version, title, note, published_at, published_by, document)
