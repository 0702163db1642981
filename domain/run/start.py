"""Starting a run: its inputs are checked, its roles are filled, its first steps become ready."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.definition import Definition
from domain.directory import Directory
from domain.events import Event, RunStarted
from domain.run.readiness import settle
from domain.run.roles import cast
from domain.run.state import Run
from domain.run.taking import computed_inputs, lacking_inputs, target_of
from domain.run.values import House, refuse
from domain.run.work import Work
from domain.schedule import Calendar
from domain.words import Actor, Assignee, Priority, RoleKey, StepKey

_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")


def start_run(  # noqa: PLR0913 - all that a run can begin with
    run: Run | None,
    definition: Definition,
    *,
    name: str | None = None,
    inputs: Mapping[str, Any] | None = None,
    roles: Mapping[RoleKey, Assignee] | None = None,
    project: UUID | None = None,
    priority: Priority = "none",
    target_at: datetime | None = None,
    subject: str | None = None,
    test: bool = False,
    content_salt: str | None = None,
    by: Actor,
    at: datetime,
    calendar: Calendar,
    directory: Directory,
) -> list[Event]:
    """Begin a run; its first steps become ready. A run that exists already is not begun again."""
    if run is not None:
        return []
    work = Work(Run(), definition, by, at, calendar, directory)
    given = dict(inputs or {})
    work.record(
        RunStarted(
            **_begun(definition, name, given, roles or {}, by, work.house),
            subject=subject,
            project=project,
            priority=priority,
            target_at=target_at or target_of(definition, given, calendar),
            test=test,
            content_salt=content_salt,
            by=by,
            at=at,
        )
    )
    return settle(work, definition.steps, "user")


def start_child(  # noqa: PLR0913 - all that a child begins with
    run: Run | None,
    definition: Definition,
    parent: Run,
    *,
    parent_run: UUID,
    parent_step: StepKey,
    inputs: Mapping[str, Any],
    roles: Mapping[RoleKey, Assignee],
    project: UUID | None,
    given_by: tuple[Actor, ...] = (),
    content_salt: str | None = None,
    by: Actor,
    at: datetime,
    calendar: Calendar,
    directory: Directory,
) -> list[Event]:
    """Begin a run that a step of ``parent`` waits for; a test's child is a test, and the priority is the parent's.

    ``given_by`` did what the child begins with, so that none of them judges it there either.
    """
    if run is not None:
        return []
    work = Work(Run(), definition, by, at, calendar, directory)
    given = dict(inputs)
    work.record(
        RunStarted(
            **_begun(definition, None, given, roles, by, work.house._replace(at=None)),
            subject=parent.subject,
            project=project,
            priority=parent.priority,
            target_at=target_of(definition, given, calendar),
            test=parent.test,
            parent_run=parent_run,
            parent_step=parent_step,
            given_by=given_by,
            content_salt=content_salt,
            by=by,
            at=at,
        )
    )
    return settle(work, definition.steps, "rule")


def _begun(
    definition: Definition,
    name: str | None,
    given: dict[str, Any],
    roles: Mapping[RoleKey, Assignee],
    by: Actor,
    house: House,
) -> dict[str, Any]:
    """What every run begins with; Rejected when an input is missing or wrong, or a role is unknown."""
    refuse("inputs", lacking_inputs(definition, given, {}, house))
    given |= computed_inputs(definition, given, house.calendar)
    return {
        "process": definition.process,
        "process_version": definition.version,
        "name": name or run_name(definition, given),
        "inputs": given,
        "roles": cast(definition, roles, given, by, house.directory),
    }


def run_name(definition: Definition, inputs: Mapping[str, Any]) -> str:
    """The name that the process gives a run with these inputs; the process's title where it says nothing."""
    pattern = definition.document.run_name or definition.document.title
    return _PLACEHOLDER.sub(lambda found: str(inputs.get(found[1]) or "–"), pattern)[:200]
