"""What people decide where the machine could not go on, and what happened elsewhere and a run waits for.

Each raises Refused where there is no such run, and Rejected, with what would be accepted, where a rule says no.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from application.asked import Asked
from application.kept_files import files_are_kept
from application.milepost import Milepost, Outcome
from application.on_run import on_run
from domain.events import Event
from domain.run.external import receive_event
from domain.run.incidents import drop_incident, edit_incident, finish_incident, retry_incident
from domain.words import StepKey, Values


async def retry(
    app: Milepost, run: UUID, incident: UUID, asked: Asked, *, reason: str | None = None
) -> Outcome[Event]:
    """Have the machine try again: at once, and by schedule if need be."""
    return await on_run(app, run, asked, "incidents.retry", lambda now, _: retry_incident(
        now, incident, reason, by=asked.by, at=asked.at
    ))  # fmt: skip


async def edit(
    app: Milepost,
    run: UUID,
    incident: UUID,
    asked: Asked,
    *,
    changes: dict[str, Any],
    reason: str | None = None,
) -> Outcome[Event]:
    """Have the machine try again with ``changes`` in place of what the process says."""
    inputs = changes.get("inputs")
    await files_are_kept(app, inputs if isinstance(inputs, dict) else None, run=run)
    return await on_run(app, run, asked, "incidents.edit", lambda now, definition: edit_incident(
        now, definition, incident, changes, reason, by=asked.by, at=asked.at
    ))  # fmt: skip


async def finish_by_hand(
    app: Milepost, run: UUID, incident: UUID, asked: Asked, *, reason: str, values: Values
) -> Outcome[Event]:
    """Say that it was done by hand, with the values that the machine would have brought."""
    await files_are_kept(app, values, run=run)
    house = await app.directories.now()
    return await on_run(app, run, asked, "incidents.finish_by_hand", lambda now, definition: finish_incident(
        now, definition, incident, reason, values,
        by=asked.by, at=asked.at, calendar=app.calendar, directory=house,
    ))  # fmt: skip


async def let_go(app: Milepost, run: UUID, incident: UUID, asked: Asked, *, reason: str) -> Outcome[Event]:
    """Let it be."""
    return await on_run(app, run, asked, "incidents.let_go", lambda now, definition: drop_incident(
        now, definition, incident, reason, by=asked.by, at=asked.at
    ))  # fmt: skip


async def tell_run(
    app: Milepost,
    run: UUID,
    asked: Asked,
    *,
    event: str,
    source_id: str,
    values: Values,
    steps: Sequence[StepKey] | None = None,
) -> Outcome[Event]:
    """Tell a run what happened elsewhere; the same ``source_id`` counts once. ``steps``: those that wait for it."""
    await files_are_kept(app, values, run=run)
    house = await app.directories.now()
    return await on_run(app, run, asked, "incidents.tell_run", lambda now, definition: receive_event(
        now, definition, event, source_id, values, steps,
        by=asked.by, at=asked.at, calendar=app.calendar, directory=house,
    ))  # fmt: skip
