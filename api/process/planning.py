"""Plans the migration of all active runs of a process from the read models: verdicts, reasons and choices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any
from uuid import UUID

from psycopg import Connection

from api.handling.services import Services
from api.process.migration_bodies import PlanMigration
from application.versions import version_wanted
from domain.definition import Definition
from domain.migration import Finding, Plan, plan
from domain.migration.overview import Asked, Overview
from projections import queries
from projections.process import migration_queries
from projections.process.migration_queries import ActiveRun

_ORDER = {"blocked": 0, "needs_choice": 1, "safe": 2}


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """What the version means for one run; ``findings`` are those that are not safe, unless all are asked for."""

    run: UUID
    name: str
    from_version: int
    verdict: str
    findings: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class MigrationOverview:
    """What a version means for the active runs that follow another one, worst first."""

    process: str
    to_version: int
    draft: bool
    summary: str
    total: int
    safe: int
    needs_choice: int
    blocked: int
    answered: int
    warned: int
    choices: tuple[Asked, ...]
    runs: tuple[PlannedRun, ...]
    position: int


def planned(services: Services, key: str, body: PlanMigration) -> MigrationOverview:
    """The overview. Blocks: for a thread."""
    new = version_wanted(services.app, key, body.to)
    with services.pool.connection() as connection:
        position = queries.fresh(connection, "run_steps").position
        overview, rows = plan_all(connection, services.app.definition, new, body, services.calendar.zone)
    rows.sort(key=lambda row: _ORDER[row.verdict])
    return MigrationOverview(
        process=key,
        to_version=new.version,
        draft=body.to == "draft",
        summary=overview.summary,
        total=overview.total,
        safe=overview.safe,
        needs_choice=overview.needs_choice,
        blocked=overview.blocked,
        answered=overview.answered,
        warned=overview.warned,
        choices=tuple(sorted(overview.choices.values(), key=lambda asked: -asked.runs)),
        runs=tuple(rows[: body.limit]),
        position=position,
    )


def plan_all(
    connection: Connection[Any],
    version_of: Callable[[str, int], Definition],
    new: Definition,
    body: PlanMigration,
    zone: tzinfo,
) -> tuple[Overview, list[PlannedRun]]:
    """Every active run that follows another version, planned and counted, in the order in which they started."""
    versions = migration_queries.followed_versions(connection, new.process)
    olds = {version: version_of(new.process, version) for version in versions}
    valued = {key for old in olds.values() for key in migration_queries.valued_steps(old, new)}
    overview, rows = Overview(), []
    for active in migration_queries.active_runs(connection, new.process, new.version, valued, body.runs):
        version = active.run.process_version
        old = olds.get(version) or version_of(new.process, version)
        made = plan(active.run, old, new, zone)
        overview.count(made, body.choices)
        rows.append(_row(active, made, details=body.details))
    return overview, rows


def _row(active: ActiveRun, made: Plan, *, details: bool) -> PlannedRun:
    findings = made.findings if details else [each for each in made.findings if each.weight != "safe"]
    told = tuple(_told(finding) for finding in findings)
    return PlannedRun(active.id, active.name, made.from_version, made.verdict, told)


def _told(finding: Finding) -> dict[str, Any]:
    return {**finding._asdict(), "id": finding.id}
