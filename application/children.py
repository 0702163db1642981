"""Runs that steps of other runs start."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from secrets import token_hex
from typing import Any
from uuid import UUID

from application.asked import Asked
from application.blocking import wait_for
from application.found import RUNS
from application.milepost import Milepost, Outcome
from application.rights.subjects import OfHouse
from application.runs import NewRun, must_take_work, version_to_follow
from domain.definition import Definition
from domain.directory import Directory
from domain.events import Event
from domain.run import Run
from domain.run.children import child_givers, child_roles
from domain.run.content import SALT_BYTES
from domain.run.start import start_child
from domain.words import StepKey


@dataclass(frozen=True, slots=True)
class NewChild:
    """The run that a step of ``parent`` starts: what it follows (None: the newest version) and what it is given."""

    parent: UUID
    step: StepKey
    process: str
    process_version: int | None
    inputs: Mapping[str, Any]
    in_project: bool


async def start_child_run(
    app: Milepost,
    child: UUID,
    new: NewChild,
    parent: Run,
    followed: Definition,
    asked: Asked,
    *,
    house: Callable[[Definition], Directory],
) -> Outcome[Event]:
    """Start the run that a step of ``parent``, which follows ``followed``, waits for. Again, it changes nothing.

    ``house`` tells who works here, for the roles of the child. Refused: no such process; Rejected: it is retired, the
    project of the parent is closed, a rule of the process says no; UnknownVersion: no such version.
    """
    return await app.unless_made(RUNS, child, _start(app, child, new, parent, followed, asked, house))


async def _start(
    app: Milepost,
    child: UUID,
    new: NewChild,
    parent: Run,
    followed: Definition,
    asked: Asked,
    house: Callable[[Definition], Directory],
) -> Outcome[Event]:
    project = parent.project if new.in_project else None
    wanted = NewRun(new.process, new.process_version)
    definition = await wait_for(lambda: version_to_follow(app, wanted))
    if project is not None:
        await must_take_work(app, project)
    directory = await wait_for(lambda: house(definition))
    meta = {**asked.meta, "process": definition.process, "process_version": definition.version}

    def decide(known: Run | None) -> Sequence[Event]:
        return start_child(
            known,
            definition,
            parent,
            parent_run=new.parent,
            parent_step=new.step,
            inputs=new.inputs,
            roles=child_roles(parent, followed, new.step, definition),
            project=project,
            given_by=child_givers(parent, followed, new.step),
            content_salt=token_hex(SALT_BYTES),
            by=asked.by,
            at=asked.at,
            calendar=app.calendar,
            directory=directory,
        )

    check = app.gate.on("children.start_child_run", asked, OfHouse("run"))
    return await app.act(RUNS, child, decide, asked, check=check, meta=meta)
