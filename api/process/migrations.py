"""Migration of running runs over HTTP: what a version would mean for them, moving one or many, and how far that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID, uuid5

import orjson
from fastapi import APIRouter, Query, Request
from psycopg import Connection
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.handling.answering import log_position, services_of, to_json
from api.handling.commands import Call, carry_out
from api.handling.orders import Order
from api.handling.queries import PageQuery
from api.handling.registering import add_command, add_view, stream_id
from api.handling.verbs import Described
from api.process.commands import process_key
from api.process.migration_bodies import MigrateRun, MigrateRuns, PlanMigration, RetryRuns
from api.process.planning import MigrationOverview, planned
from api.wire.problems import Problem
from api.wire.reading import validate
from application import runs
from application.ids import uuid7
from application.processes import must_move_runs
from application.versions import Wanted, version_wanted
from domain.migration import check_choices
from projections.paging import Page, left
from projections.process import migration_queries
from store import migration_jobs
from store.migration_jobs import Job, NotMoved

_JOBS = UUID("0b7f7c52-5a0c-5d1e-9a37-5d1f0c6f0a11")
_MOST = 500
_TOLD_AT_ONCE = Page(_MOST)


_EXAMPLE = {"to": "draft", "runs": None, "choices": {"step_added": "not_applicable"}}
PLAN = Described(
    "migration-plan",
    "What a version would mean for the runs under way",
    PlanMigration,
    _EXAMPLE,
)
MIGRATE_RUNS = Described(
    "migrations",
    "Let runs under way follow another version",
    MigrateRuns,
    {
        "to_version": 2,
        "runs": "all",
        "choices": {"step_added": "not_applicable"},
        "reason": "The bank asks for it",
    },
)
RETRY = Described(
    "retry",
    "Try runs of a migration again",
    RetryRuns,
    {"choices": {"step_added": "required"}},
)
MIGRATE = Described(
    "migrate",
    "Let a run follow another version of its process",
    MigrateRun,
    {"to_version": 2, "choices": {}, "reason": "It waits for the new check"},
)


@dataclass(frozen=True, slots=True)
class MigrationView:
    """A migration of many runs: how far it is, which runs were not moved, and whose work it brought (the digest).

    ``more`` runs were not moved beside the ``problems`` told of here, behind ``next_after``.
    """

    id: UUID
    process: str
    to_version: int
    choices: dict[str, str]
    reason: str | None
    by: str
    asked_at: datetime
    finished_at: datetime | None
    total: int
    waiting: int
    migrated: int
    refused: int
    failed: int
    problems: tuple[NotMoved, ...] = ()
    announced: dict[str, int] | None = None
    more: int = 0
    next_after: int | None = None


@dataclass(frozen=True, slots=True)
class MigrationAsked(MigrationView):
    """A migration that was written down; a worker goes through it. ``position`` is the newest of the log."""

    position: int = 0


@dataclass(frozen=True, slots=True)
class Migrations:
    """The migrations of a process, newest first; ``more`` come after these, behind ``next_after``."""

    rows: tuple[MigrationView, ...]
    more: int = 0
    next_after: int | None = None


def add_migrations(router: APIRouter) -> None:
    """Register every route."""
    of_process = "/v1/processes/{key}"
    add_command(router, PLANNING, PLAN, tag="Migrations", answer=MigrationOverview)
    for order, told in ((MIGRATING, MIGRATE_RUNS), (RETRYING, RETRY)):
        add_command(router, order, told, tag="Migrations", answer=MigrationAsked, status=202)
    add_command(router, Order("POST /v1/runs/{id}/migrate", _migrate_run), MIGRATE, tag="Runs")
    add_view(
        router,
        f"{of_process}/migrations",
        listed,
        Migrations,
        "Migrations of a process, newest first",
        tag="Migrations",
    )
    add_view(
        router,
        f"{of_process}/migrations/{{id}}",
        shown,
        MigrationView,
        "How far a migration is",
        tag="Migrations",
    )


async def _plan(call: Call) -> Response:
    key, body = process_key(call.path["key"]), validate(PlanMigration, call.body)
    await must_move_runs(call.app, key, call.asked)
    check_choices(body.choices)
    found: MigrationOverview = await run_in_threadpool(planned, call.services, key, body)
    return to_json(found, {"Milepost-Position": str(found.position)})


async def _migrate_run(call: Call) -> Response:
    body, run = validate(MigrateRun, call.body), stream_id(call.path["id"])
    return await carry_out(
        call,
        run,
        lambda asked: runs.migrate_run(
            call.app, run, asked, to_version=body.to_version, choices=body.choices, reason=body.reason
        ),
        name=str(run),
    )


async def _migrate_runs(call: Call) -> Response:
    key, body = process_key(call.path["key"]), validate(MigrateRuns, call.body)
    await must_move_runs(call.app, key, call.asked)
    for choices in (body.choices, *body.own.values()):
        check_choices(choices)
    wanted: Wanted = "newest" if body.to_version is None else body.to_version
    new = await run_in_threadpool(version_wanted, call.app, key, wanted)
    job = Job(
        id=uuid7() if call.command is None else uuid5(_JOBS, call.command.id),
        process=key,
        to_version=new.version,
        choices=body.choices,
        reason=body.reason,
        actor=str(call.caller.actor),
        asked_at=datetime.now(UTC),
        finished_at=None,
    )

    def ask(connection: Connection[Any]) -> MigrationView:
        migration_jobs.add(connection, job, _runs(connection, key, new.version, body), body.own)
        return _view(connection, key, job.id, _TOLD_AT_ONCE)

    view = await call.services.read(ask)
    return _accepted(view, await run_in_threadpool(call.services.log.head))


def _runs(connection: Connection[Any], key: str, version: int, body: MigrateRuns) -> Sequence[UUID]:
    if body.runs == "all":
        return migration_queries.active_ids(connection, key, version)
    unknown = migration_queries.unknown_ids(connection, key, body.runs)
    if unknown:
        raise Problem("unknown_run", f"{key} has no run {unknown[0]}", unknown=[str(run) for run in unknown])
    return list(dict.fromkeys(body.runs))


async def _retry(call: Call) -> Response:
    key, body = process_key(call.path["key"]), validate(RetryRuns, call.body)
    await must_move_runs(call.app, key, call.asked)
    check_choices(body.choices or {})
    job = stream_id(call.path["id"])

    def ask(connection: Connection[Any]) -> MigrationView:
        _view(connection, key, job, _TOLD_AT_ONCE)
        migration_jobs.again(connection, job, body.runs, body.choices, actor=str(call.caller.actor))
        return _view(connection, key, job, _TOLD_AT_ONCE)

    view = await call.services.read(ask)
    return _accepted(view, await run_in_threadpool(call.services.log.head))


def _accepted(view: MigrationView, position: int) -> Response:
    """202: the job is written down, and a worker goes through it."""
    headers = {
        "Location": f"/v1/processes/{view.process}/migrations/{view.id}",
        "Milepost-Position": str(position),
        "Cache-Control": "no-store",
    }
    told = MigrationAsked(**{each.name: getattr(view, each.name) for each in fields(view)}, position=position)
    return Response(orjson.dumps(told), 202, headers, "application/json")


async def listed(request: Request, key: str, query: Annotated[PageQuery, Query()]) -> Response:
    """With how far each is."""
    process, services = process_key(key), services_of(request)
    headers = await log_position(services, query)

    def ask(connection: Connection[Any]) -> Migrations:
        jobs = migration_jobs.of_process(connection, process, query.limit, query.after)
        after_these = left(migration_jobs.count_of_process(connection, process), query.page, len(jobs))
        return Migrations(tuple(_counted(connection, job) for job in jobs), *after_these)

    return to_json(await services.read(ask), headers)


async def shown(request: Request, key: str, id: str, query: Annotated[PageQuery, Query()]) -> Response:  # noqa: A002 - its name in the address
    """Counts, a page of the runs that were refused or failed with why, and whose work the migration brought."""
    process, job, services = process_key(key), stream_id(id), services_of(request)
    headers = await log_position(services, query)
    return to_json(
        await services.read(lambda connection: _view(connection, process, job, query.page)), headers
    )


def _view(connection: Connection[Any], process: str, id_: UUID, page: Page) -> MigrationView:
    job = migration_jobs.find(connection, process, id_)
    if job is None:
        raise Problem("unknown_migration", f"{process} has no migration {id_}")
    problems = tuple(migration_jobs.problems(connection, id_, page.limit or _MOST, page.after))
    told = _counted(connection, job, problems, migration_jobs.news(connection, id_))
    more, next_after = left(told.refused + told.failed, page, len(problems))
    return replace(told, more=more, next_after=next_after)


def _counted(
    connection: Connection[Any],
    job: Job,
    problems: tuple[NotMoved, ...] = (),
    announced: dict[str, int] | None = None,
) -> MigrationView:
    counts = migration_jobs.counts(connection, job.id)
    states = {state: counts.get(state, 0) for state in ("waiting", "migrated", "refused", "failed")}
    return MigrationView(
        id=job.id,
        process=job.process,
        to_version=job.to_version,
        choices=job.choices,
        reason=job.reason,
        by=job.actor,
        asked_at=job.asked_at,
        finished_at=job.finished_at,
        total=sum(counts.values()),
        problems=problems,
        announced=announced,
        **states,
    )


PLANNING = Order("POST /v1/processes/{key}/migration-plan", _plan)
MIGRATING = Order("POST /v1/processes/{key}/migrations", _migrate_runs)
RETRYING = Order("POST /v1/processes/{key}/migrations/{id}/retry", _retry)
