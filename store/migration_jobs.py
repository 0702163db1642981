"""Migrations of many runs as they were asked for, and how far each run is: the list that a worker goes through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

import orjson
from psycopg import Connection
from psycopg.types.json import Jsonb

from domain.migration.news import News
from store.blocks import blocks

Conn = Connection[Any]
State = Literal["waiting", "migrated", "refused", "failed"]

MOST_TRIES = 5
"""How often a run is tried that others keep changing, or that a defect stops; then somebody has to look."""

_SQL = blocks("migration_jobs")


class Job(NamedTuple):
    """A migration of many runs, as it was asked for."""

    id: UUID
    process: str
    to_version: int
    choices: dict[str, str]
    reason: str | None
    actor: str
    asked_at: datetime
    finished_at: datetime | None


class Item(NamedTuple):
    """A run that waits for its migration; ``choices`` are its own answers beside those for all."""

    run: UUID
    choices: dict[str, str] | None
    tries: int


@dataclass(frozen=True)
class Done:
    """What became of one run; ``news`` is what that means for people, ``mailed`` whether they are told of it."""

    run: UUID
    state: State
    code: str | None = None
    detail: str | None = None
    tries: int = 0
    news: tuple[News, ...] = ()
    mailed: bool = False


class Told(NamedTuple):
    """A run that was moved, and what that means for people."""

    run: UUID
    news: tuple[News, ...]


@dataclass(frozen=True, slots=True)
class NotMoved:
    """A run that was not migrated, and why."""

    run: UUID
    state: str
    code: str | None
    detail: str | None
    tries: int


def add(connection: Conn, job: Job, runs: Sequence[UUID], own: Mapping[UUID, dict[str, str]]) -> None:
    """Write down a job and its runs; the same job twice is one."""
    with connection.transaction():
        connection.execute(
            _SQL["add_job"], [job.id, job.process, job.to_version, Jsonb(job.choices), job.reason, job.actor]
        )
        answers = [Jsonb(own[run]) if run in own else None for run in runs]
        connection.execute(_SQL["add_items"], [job.id, list(runs), list(range(len(runs))), answers])
        connection.execute(_SQL["finish"], [job.id])


def next_job(connection: Conn) -> Job | None:
    """The oldest job that is not finished."""
    row = connection.execute(_SQL["next"]).fetchone()
    return None if row is None else Job(*row)


def find(connection: Conn, process: str, job: UUID) -> Job | None:
    """A job of a process."""
    row = connection.execute(_SQL["one"], [process, job]).fetchone()
    return None if row is None else Job(*row)


def of_process(connection: Conn, process: str, limit: int, after: int = 0) -> list[Job]:
    """Jobs of a process, newest first, behind so many others."""
    return [Job(*row) for row in connection.execute(_SQL["of_process"], [process, limit, after])]


def count_of_process(connection: Conn, process: str) -> int:
    """How many jobs a process has had."""
    found = connection.execute(_SQL["count_of_process"], [process]).fetchone()
    return 0 if found is None else int(found[0])


def waiting(connection: Conn, job: UUID, limit: int) -> list[Item]:
    """The next runs of a job."""
    return [Item(*row) for row in connection.execute(_SQL["waiting"], [job, limit])]


def mark(connection: Conn, job: UUID, done: Sequence[Done]) -> None:
    """Write down what became of these runs."""
    columns = (
        [each.run for each in done],
        [each.state for each in done],
        [each.code for each in done],
        [each.detail for each in done],
        [each.tries for each in done],
        [_stored(each.news) for each in done],
        [each.mailed and bool(each.news) for each in done],
    )
    connection.execute(_SQL["mark"], [job, *columns, job])


def _stored(news: Sequence[News]) -> str | None:
    return orjson.dumps([one._asdict() for one in news]).decode() if news else None


def untold(connection: Conn, job: UUID) -> list[tuple[int, list[Told]]]:
    """What nobody was mailed yet of a job, by the turn in which its runs were moved, in the job's order."""
    turns: dict[int, list[Told]] = {}
    for turn, run, news in connection.execute(_SQL["untold"], [job]):
        turns.setdefault(turn, []).append(Told(run, tuple(News(**one) for one in news)))
    return list(turns.items())


def finish(connection: Conn, job: UUID) -> None:
    """Everybody is told of what was moved: the job is finished, unless runs are to be tried again meanwhile."""
    connection.execute(_SQL["finish"], [job])


def call_off(connection: Conn, job: UUID, code: str, detail: str) -> None:
    """No more runs are moved: all that wait are refused, with why."""
    connection.execute(_SQL["call_off"], [code, detail, job])


def again(
    connection: Conn,
    job: UUID,
    runs: Sequence[UUID] | None,
    choices: dict[str, str] | None,
    *,
    actor: str,
) -> int:
    """Let runs that were not migrated be tried again (all of them, or these), with these answers; how many.

    From now on the job is ``actor``'s, who asks for it again.
    """
    answers = None if choices is None else Jsonb(choices)
    with connection.transaction():
        named = None if runs is None else list(runs)
        count = connection.execute(_SQL["again"], [answers, job, named, named]).rowcount
        if count:
            connection.execute(_SQL["open_again"], [actor, job])
    return count


def counts(connection: Conn, job: UUID) -> dict[str, int]:
    """How many runs of a job are in each state."""
    return dict(connection.execute(_SQL["counts"], [job]).fetchall())


def problems(connection: Conn, job: UUID, limit: int, after: int = 0) -> list[NotMoved]:
    """Runs that were not migrated, behind so many others."""
    return [NotMoved(*row) for row in connection.execute(_SQL["problems"], [job, limit, after])]


def news(connection: Conn, job: UUID) -> dict[str, int]:
    """For each person or group how many steps became theirs to do (``nobody``: of a role that nobody plays)."""
    return dict(connection.execute(_SQL["announced"], [job]).fetchall())
