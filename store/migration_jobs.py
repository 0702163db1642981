"""Migrations of many runs as they were asked for, and how far each run is: the list that a worker goes through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

from psycopg import Connection
from psycopg.types.json import Jsonb

Conn = Connection[Any]
State = Literal["waiting", "migrated", "refused", "failed"]

MOST_TRIES = 5
"""How often a run is tried that others keep changing, or that a defect stops; then somebody has to look."""

_ADD_JOB = """
insert into log.migration_job (id, process, to_version, choices, reason, actor) values (%s, %s, %s, %s, %s, %s)
on conflict (id) do nothing
"""
_ADD_ITEMS = """
insert into log.migration_item (job, run, place, state, choices)
select %s, unnest(%s::uuid[]), unnest(%s::int[]), 'waiting', unnest(%s::jsonb[]) on conflict do nothing
"""
_JOBS = """
select id, process, to_version, choices, reason, actor, asked_at, finished_at from log.migration_job
"""
_NEXT = _JOBS + " where finished_at is null order by asked_at limit 1"
_ONE = _JOBS + " where process = %s and id = %s"
_OF_PROCESS = _JOBS + " where process = %s order by asked_at desc limit %s"
_WAITING = """
select run, choices, tries from log.migration_item where job = %s and state = 'waiting' order by place limit %s
"""
_COUNTS = "select state, count(*) from log.migration_item where job = %s group by state"
_PROBLEMS = """
select run, state, code, detail, tries from log.migration_item
where job = %s and state in ('refused', 'failed') order by place limit %s
"""
_NEWS = """
select who, count(*) from log.migration_item, unnest(announced) who where job = %s group by who order by 2 desc, 1
"""
_MARK = """
update log.migration_item i set state = n.state, code = n.code, detail = n.detail, tries = n.tries,
  announced = string_to_array(n.announced, ' '), changed_at = clock_timestamp()
from unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::int[], %s::text[])
  as n (run, state, code, detail, tries, announced)
where i.job = %s and i.run = n.run
"""
_FINISH = """
update log.migration_job j set finished_at = clock_timestamp()
where id = %s and not exists (select from log.migration_item i where i.job = j.id and i.state = 'waiting')
"""
_AGAIN = """
update log.migration_item set state = 'waiting', tries = 0, code = null, detail = null, choices = coalesce(%s, choices)
where job = %s and state in ('refused', 'failed') and (%s::uuid[] is null or run = any(%s))
"""
_OPEN_AGAIN = "update log.migration_job set finished_at = null where id = %s"


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
    """What became of one run; ``announced`` is whose work its newly ready steps are."""

    run: UUID
    state: State
    code: str | None = None
    detail: str | None = None
    tries: int = 0
    announced: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
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
            _ADD_JOB, [job.id, job.process, job.to_version, Jsonb(job.choices), job.reason, job.actor]
        )
        answers = [Jsonb(own[run]) if run in own else None for run in runs]
        connection.execute(_ADD_ITEMS, [job.id, list(runs), list(range(len(runs))), answers])
        connection.execute(_FINISH, [job.id])


def next_job(connection: Conn) -> Job | None:
    """The oldest job that is not finished."""
    row = connection.execute(_NEXT).fetchone()
    return None if row is None else Job(*row)


def find(connection: Conn, process: str, job: UUID) -> Job | None:
    """A job of a process."""
    row = connection.execute(_ONE, [process, job]).fetchone()
    return None if row is None else Job(*row)


def of_process(connection: Conn, process: str, limit: int) -> list[Job]:
    """The jobs of a process, newest first."""
    return [Job(*row) for row in connection.execute(_OF_PROCESS, [process, limit])]


def waiting(connection: Conn, job: UUID, limit: int) -> list[Item]:
    """The next runs of a job."""
    return [Item(*row) for row in connection.execute(_WAITING, [job, limit])]


def mark(connection: Conn, job: UUID, done: Sequence[Done]) -> None:
    """Write down what became of these runs; the job is finished with its last one."""
    columns = (
        [each.run for each in done],
        [each.state for each in done],
        [each.code for each in done],
        [each.detail for each in done],
        [each.tries for each in done],
        [" ".join(each.announced) for each in done],
    )
    with connection.transaction():
        connection.execute(_MARK, [*columns, job])
        connection.execute(_FINISH, [job])


def again(connection: Conn, job: UUID, runs: Sequence[UUID] | None, choices: dict[str, str] | None) -> int:
    """Let runs that were not migrated be tried again (all of them, or these), with these answers; how many."""
    answers = None if choices is None else Jsonb(choices)
    with connection.transaction():
        named = None if runs is None else list(runs)
        count = connection.execute(_AGAIN, [answers, job, named, named]).rowcount
        if count:
            connection.execute(_OPEN_AGAIN, [job])
    return count


def counts(connection: Conn, job: UUID) -> dict[str, int]:
    """How many runs of a job are in each state."""
    return dict(connection.execute(_COUNTS, [job]).fetchall())


def problems(connection: Conn, job: UUID, limit: int) -> list[Problem]:
    """The runs that were not migrated."""
    return [Problem(*row) for row in connection.execute(_PROBLEMS, [job, limit])]


def news(connection: Conn, job: UUID) -> dict[str, int]:
    """For each person or group how many steps became theirs to do: the digest of the whole migration."""
    return dict(connection.execute(_NEWS, [job]).fetchall())
