"""What can be asked of a step of a run: by the people whose work it is, by guests, and by who looks after the run.

Each raises Refused where there is no such run or step, and Rejected, with what would be accepted, where a rule says no.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from application.asked import Asked
from application.hands import Hands
from application.kept_files import files_are_kept
from application.milepost import Milepost, Outcome
from application.on_run import Decide, on_run
from domain import run as runs
from domain.definition import Definition
from domain.directory import Directory
from domain.events import Event
from domain.relations import must_not_take, opens_sealed
from domain.run import Run
from domain.run.nudging import remind_step
from domain.words import Assignee, StepKey, Values


async def complete_step(
    app: Milepost,
    run: UUID,
    step: StepKey,
    asked: Asked,
    *,
    values: Values,
    outcome: str | None = None,
    content_sha256: str | None = None,
) -> Outcome[Event]:
    """Complete a step with values for its fields; ``content_sha256`` names what was in view of who did it."""
    await files_are_kept(app, values, run=run)
    house = await _house(app, asked, values)
    return await on_run(app, run, asked, "steps.complete_step", lambda now, definition: runs.complete_step(
        now, definition, step, values, outcome, content_sha256,
        by=asked.by, at=asked.at, calendar=app.calendar, directory=house,
    ), step=step)  # fmt: skip


async def complete_by_hand(
    app: Milepost, run: UUID, step: StepKey, asked: Asked, *, reason: str, values: Values
) -> Outcome[Event]:
    """Complete an automatic step in place of the machine."""
    await files_are_kept(app, values, run=run)
    house = await app.directories.now()
    return await on_run(app, run, asked, "steps.complete_by_hand", lambda now, definition: runs.complete_by_hand(
        now, definition, step, reason, values,
        by=asked.by, at=asked.at, calendar=app.calendar, directory=house,
    ), step=step)  # fmt: skip


async def start_step(app: Milepost, run: UUID, step: StepKey, asked: Asked) -> Outcome[Event]:
    """Begin to work on a step."""
    return await on_run(app, run, asked, "steps.start_step", lambda now, definition: runs.start_step(
        now, definition, step, by=asked.by, at=asked.at
    ), step=step)  # fmt: skip


async def save_values(
    app: Milepost, run: UUID, step: StepKey, asked: Asked, *, values: Values
) -> Outcome[Event]:
    """Keep values before the step is completed; fields that are not named keep theirs."""
    await files_are_kept(app, values, run=run)
    house = await _house(app, asked, values)
    return await on_run(app, run, asked, "steps.save_values", lambda now, definition: runs.save_values(
        now, definition, step, values, by=asked.by, at=asked.at, calendar=app.calendar, directory=house
    ), step=step)  # fmt: skip


async def add_evidence(
    app: Milepost, run: UUID, step: StepKey, asked: Asked, *, values: Values
) -> Outcome[Event]:
    """Give a done step values that it lacks."""
    await files_are_kept(app, values, run=run)
    house = await app.directories.now()
    return await on_run(app, run, asked, "steps.add_evidence", lambda now, definition: runs.add_evidence(
        now, definition, step, values, by=asked.by, at=asked.at, calendar=app.calendar, directory=house
    ), step=step)  # fmt: skip


async def give_approval(
    app: Milepost,
    run: UUID,
    step: StepKey,
    asked: Asked,
    *,
    comment: str | None = None,
    values: Values,
    content_sha256: str | None = None,
) -> Outcome[Event]:
    """Approve what a step shows; ``content_sha256`` names what was in view."""
    await files_are_kept(app, values, run=run)
    house = await _house(app, asked)
    return await _judging(app, run, step, asked, "steps.give_approval", lambda now, definition: runs.give_approval(
        now, definition, step, comment, values, content_sha256,
        by=asked.by, at=asked.at, calendar=app.calendar, directory=house,
    ))  # fmt: skip


async def refuse_approval(
    app: Milepost,
    run: UUID,
    step: StepKey,
    asked: Asked,
    *,
    reason: str,
    values: Values,
    content_sha256: str | None = None,
) -> Outcome[Event]:
    """Refuse what a step shows, with the values that a refusal has to bring."""
    await files_are_kept(app, values, run=run)
    house = await _house(app, asked)
    return await _judging(app, run, step, asked, "steps.refuse_approval", lambda now, definition: runs.refuse_approval(
        now, definition, step, reason, values, content_sha256,
        by=asked.by, at=asked.at, calendar=app.calendar, directory=house,
    ))  # fmt: skip


async def decline_signature(
    app: Milepost,
    run: UUID,
    step: StepKey,
    asked: Asked,
    *,
    reason: str,
    content_sha256: str | None = None,
) -> Outcome[Event]:
    """Decline to sign."""
    house = await _house(app, asked)
    return await on_run(app, run, asked, "steps.decline_signature", lambda now, definition: runs.decline_signature(
        now, definition, step, reason, content_sha256,
        by=asked.by, at=asked.at, calendar=app.calendar, directory=house,
    ), step=step)  # fmt: skip


async def skip_step(app: Milepost, run: UUID, step: StepKey, asked: Asked, *, reason: str) -> Outcome[Event]:
    """Leave a step out of this run."""
    house = await app.directories.now()
    return await on_run(app, run, asked, "steps.skip_step", lambda now, definition: runs.skip_step(
        now, definition, step, reason, by=asked.by, at=asked.at, calendar=app.calendar, directory=house
    ), step=step)  # fmt: skip


async def reopen_step(
    app: Milepost,
    run: UUID,
    step: StepKey,
    asked: Asked,
    *,
    reason: str,
    dependents: Literal["keep", "reopen"] = "keep",
) -> Outcome[Event]:
    """Reopen a step that has ended; ``dependents``: what becomes of done steps that build on it."""
    house = await app.directories.now()
    return await on_run(app, run, asked, "steps.reopen_step", lambda now, definition: runs.reopen_step(
        now, definition, step, reason, dependents,
        by=asked.by, at=asked.at, calendar=app.calendar, directory=house,
    ), step=step)  # fmt: skip


async def assign_step(
    app: Milepost,
    run: UUID,
    step: StepKey,
    asked: Asked,
    *,
    assignee: Assignee | None,
    reason: str | None = None,
) -> Outcome[Event]:
    """Say whose work a step is (None: nobody's)."""
    house, administers = await app.directories.now(), await app.gate.administers(asked)

    def decide(now: Run, definition: Definition) -> Sequence[Event]:
        sealed = now.step(step).assignee != assignee and opens_sealed(app.versions(now), step)
        must_not_take(asked.by, assignee, house, sealed=sealed, administers=administers)
        return runs.assign_step(
            now, definition, step, assignee, reason, by=asked.by, at=asked.at, directory=house
        )

    return await on_run(app, run, asked, "steps.assign_step", decide, step=step)


async def claim_step(app: Milepost, run: UUID, step: StepKey, asked: Asked) -> Outcome[Event]:
    """Take a step of a group for oneself."""
    house = await app.directories.now()
    return await on_run(app, run, asked, "steps.claim_step", lambda now, definition: runs.claim_step(
        now, definition, step, by=asked.by, at=asked.at, directory=house
    ), step=step)  # fmt: skip


async def release_step(
    app: Milepost, run: UUID, step: StepKey, asked: Asked, *, reason: str | None = None
) -> Outcome[Event]:
    """Give a claimed step back to its group."""
    return await on_run(app, run, asked, "steps.release_step", lambda now, definition: runs.release_step(
        now, definition, step, reason, by=asked.by, at=asked.at
    ), step=step)  # fmt: skip


async def set_step_due(
    app: Milepost, run: UUID, step: StepKey, asked: Asked, *, due_at: datetime | None
) -> Outcome[Event]:
    """Set when a step is due (None: by its rule again)."""
    return await on_run(app, run, asked, "steps.set_step_due", lambda now, definition: runs.set_step_due(
        now, definition, step, due_at, by=asked.by, at=asked.at, calendar=app.calendar
    ), step=step)  # fmt: skip


async def request_help(
    app: Milepost,
    run: UUID,
    step: StepKey,
    asked: Asked,
    *,
    reason: str,
    waiting_on: str | None = None,
    until: datetime | None = None,
) -> Outcome[Event]:
    """Ask for help on a step: what is needed, of whom, until when at the latest."""
    return await on_run(app, run, asked, "steps.request_help", lambda now, definition: runs.request_help(
        now, definition, step, reason, waiting_on, until, by=asked.by, at=asked.at
    ), step=step)  # fmt: skip


async def clear_help(
    app: Milepost, run: UUID, step: StepKey, asked: Asked, *, note: str | None = None
) -> Outcome[Event]:
    """Help is no longer needed."""
    return await on_run(app, run, asked, "steps.clear_help", lambda now, definition: runs.clear_help(
        now, definition, step, note, by=asked.by, at=asked.at
    ), step=step)  # fmt: skip


async def remind(app: Milepost, run: UUID, step: StepKey, asked: Asked) -> Outcome[Event]:
    """Remind whose work a step is."""
    house = await app.directories.now()
    return await on_run(app, run, asked, "steps.remind", lambda now, definition: remind_step(
        now, definition, step, by=asked.by, at=asked.at, calendar=app.calendar, directory=house
    ), step=step)  # fmt: skip


async def _judging(
    app: Milepost, run: UUID, step: StepKey, asked: Asked, function: str, decide: Decide
) -> Outcome[Event]:
    """Decide on what somebody judges, by the hand of somebody who may judge it too."""
    hands = Hands(app, run)

    def by_a_fair_hand(now: Run, definition: Definition) -> Sequence[Event]:
        events = decide(now, definition)
        if events:
            hands.must_be_impartial(now, definition, step, asked)
        return events

    return await on_run(app, run, asked, function, by_a_fair_hand, step=step, beside=hands)


async def _house(app: Milepost, asked: Asked, values: Mapping[str, Any] | None = None) -> Directory:
    """Who works here, as new as what is decided needs it: a moment ago is enough where ``values`` name nobody.

    For guests it is discreet: it does not tell who else works here.
    """
    if asked.held is not None:
        return replace(await app.directories.now(), discreet=True)
    return await (app.directories.now() if values is None else app.directories.naming(values))
