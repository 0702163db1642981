"""What can be asked of a run: start it, steer it, show it on a board, write about it.

Each raises Refused where there is no such run, and Rejected, with what would be accepted, where a rule says no.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from secrets import token_hex
from typing import Any
from uuid import UUID

from application.asked import Asked
from application.blocking import wait_for
from application.found import PROCESSES, PROJECTS, RUNS, known_process, known_run, project_taking_work
from application.ids import uuid7
from application.kept_files import accepted_type, files_are_kept, must_be_kept
from application.limits import room_in
from application.milepost import Milepost, Outcome
from application.on_run import may_ask, on_run
from application.placing import Place, rank_of
from application.refused import Refused
from application.rights.gate import Check
from application.rights.subjects import InProject, OfProcess
from application.versions import Wanted, version_wanted
from domain import run as runs
from domain.definition import Definition
from domain.directory import Directory
from domain.events import Event, RunStarted
from domain.migration import migrate_and_tell
from domain.process import draft_version, must_be_sound
from domain.relations import must_not_take, sealed_roles
from domain.run import Run
from domain.run.content import SALT_BYTES
from domain.words import (
    Assignee,
    Priority,
    Rejected,
    RoleKey,
    StageKey,
    StepKey,
    Values,
    process_stream,
)


@dataclass(frozen=True, slots=True)
class NewRun:
    """What a run is started with: the version to follow (``None``: the newest), and what it is about.

    ``initiator`` fills the roles of whoever starts the run, where that is somebody else than who asks.
    """

    process: str
    process_version: int | None = None
    draft: bool = False
    name: str | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)
    roles: Mapping[RoleKey, Assignee] = field(default_factory=dict)
    project: UUID | None = None
    priority: Priority = "none"
    target_at: datetime | None = None
    subject: str | None = None
    test: bool = False
    initiator: Assignee | None = None


async def start_run(app: Milepost, run: UUID, new: NewRun, asked: Asked) -> Outcome[Event]:
    """Start a run of a process, as a test where it follows a draft. Starting it again changes nothing.

    Refused: no such process, project or file. Rejected: the process is retired or its draft unsound, the project is
    closed, a rule of the process says no.
    """
    return await app.unless_made(RUNS, run, _start(app, run, new, asked))


async def _start(app: Milepost, run: UUID, new: NewRun, asked: Asked) -> Outcome[Event]:
    check = _may_start(app, new, asked)
    await check(None, True)
    if new.project is not None:
        await must_take_work(app, new.project)
    await files_are_kept(app, new.inputs)
    definition = await wait_for(lambda: version_to_follow(app, new))
    house = await app.directories.for_draws(definition)
    drawn = app.directories.draws()
    meta = {**asked.meta, "process": definition.process, "process_version": definition.version}

    def decide(known: Run | None) -> Sequence[Event]:
        drawn.forget()
        events = _started(app, known, definition, new, asked, app.directories.with_pending(house))
        drawn.note(definition, roles_of(events))
        return events

    try:
        outcome = await app.act(RUNS, run, decide, asked, check=check, meta=meta)
    except BaseException:
        drawn.forget()
        raise
    drawn.stored(outcome.position)
    return outcome


def _may_start(app: Milepost, new: NewRun, asked: Asked) -> Check:
    """Anybody; in a project who works in it, of a draft who looks after the process."""

    async def check(_: Any, fresh: bool) -> Mapping[UUID, int]:
        rests_on: dict[UUID, int] = {}
        rests_on |= await app.gate.must("runs.start_run", asked, OfProcess(new.process), fresh=fresh)
        if new.project is not None:
            about = InProject(new.project)
            rests_on |= await app.gate.must("runs.start_in_project", asked, about, fresh=fresh)
        if new.draft:
            rests_on |= await app.gate.must("runs.start_draft", asked, OfProcess(new.process), fresh=fresh)
        return rests_on

    return check


def _started(
    app: Milepost, known: Run | None, definition: Definition, new: NewRun, asked: Asked, house: Directory
) -> Sequence[Event]:
    return runs.start_run(
        known,
        definition,
        name=new.name,
        inputs=new.inputs,
        roles={**_initiated(definition, new.initiator), **new.roles},
        project=new.project,
        priority=new.priority,
        target_at=new.target_at,
        subject=new.subject,
        test=new.test or new.draft,
        content_salt=token_hex(SALT_BYTES),
        by=asked.by,
        at=asked.at,
        calendar=app.calendar,
        directory=house,
    )


def _initiated(definition: Definition, who: Assignee | None) -> dict[RoleKey, Assignee]:
    if who is None:
        return {}
    return {key: who for key, role in definition.roles.items() if role.initiator}


def roles_of(events: Sequence[Event]) -> Mapping[RoleKey, Assignee]:
    """Who fills the roles of a run that these events begin."""
    return next((event.roles for event in events if isinstance(event, RunStarted)), {})


def version_to_follow(app: Milepost, new: NewRun) -> Definition:
    """The version that is asked for, else the newest that is published. A retired process has none. Blocks."""
    found = app.newest(PROCESSES, process_stream(new.process))
    process = known_process(found.state, new.process)
    if new.draft:
        must_be_sound(process)
        return app.definition(new.process, draft_version(found.version))
    if process.version == 0:
        raise Refused("unknown_process", f"no process {new.process} is published")
    if process.retired:
        raise Rejected("process_retired", f"the process {new.process} takes no new runs")
    return app.definition(
        new.process, process.version if new.process_version is None else new.process_version
    )


async def must_take_work(app: Milepost, project: UUID) -> None:
    """Refused where there is no such project, Rejected where it is closed."""
    project_taking_work(await wait_for(lambda: app.load(PROJECTS, project)), project)


async def pause_run(app: Milepost, run: UUID, asked: Asked, *, reason: str) -> Outcome[Event]:
    """Pause a run: work and due clocks stop."""
    return await on_run(app, run, asked, "runs.pause_run", lambda now, _: runs.pause_run(
        now, reason, by=asked.by, at=asked.at
    ))  # fmt: skip


async def resume_run(app: Milepost, run: UUID, asked: Asked) -> Outcome[Event]:
    """Let a paused run go on."""
    house = await app.directories.now()
    return await on_run(app, run, asked, "runs.resume_run", lambda now, definition: runs.resume_run(
        now, definition, by=asked.by, at=asked.at, calendar=app.calendar, directory=house
    ))  # fmt: skip


async def cancel_run(app: Milepost, run: UUID, asked: Asked, *, reason: str) -> Outcome[Event]:
    """End a run before its end."""
    return await on_run(app, run, asked, "runs.cancel_run", lambda now, definition: runs.cancel_run(
        now, definition, reason, by=asked.by, at=asked.at
    ))  # fmt: skip


async def set_priority(app: Milepost, run: UUID, asked: Asked, *, priority: Priority) -> Outcome[Event]:
    """Say how urgent a run is."""
    return await on_run(app, run, asked, "runs.set_priority", lambda now, _: runs.set_priority(
        now, priority, by=asked.by, at=asked.at
    ))  # fmt: skip


async def set_target(
    app: Milepost, run: UUID, asked: Asked, *, target_at: datetime | None, reason: str | None = None
) -> Outcome[Event]:
    """Set when a run is to be finished (None: no target)."""
    return await on_run(app, run, asked, "runs.set_target", lambda now, definition: runs.set_target(
        now, definition, target_at, reason, by=asked.by, at=asked.at, calendar=app.calendar
    ))  # fmt: skip


async def change_inputs(app: Milepost, run: UUID, asked: Asked, *, inputs: Values) -> Outcome[Event]:
    """Change inputs of a run; inputs that are not named keep theirs."""
    await files_are_kept(app, inputs, run=run)
    house = await app.directories.now()
    return await on_run(app, run, asked, "runs.change_inputs", lambda now, definition: runs.change_inputs(
        now, definition, inputs, by=asked.by, at=asked.at, calendar=app.calendar, directory=house
    ))  # fmt: skip


async def link_run(app: Milepost, run: UUID, asked: Asked, *, project: UUID | None) -> Outcome[Event]:
    """Show a run on a project's board (None: on none); Rejected where the project is closed."""
    if project is not None:
        await app.gate.must("runs.start_in_project", asked, InProject(project))
        await must_take_work(app, project)
    return await on_run(app, run, asked, "runs.link_run", lambda now, _: runs.link_run(
        now, project, by=asked.by, at=asked.at
    ))  # fmt: skip


async def rank_run(app: Milepost, run: UUID, asked: Asked, *, where: Place) -> Outcome[Event]:
    """Move a run's card within its column."""
    return await on_run(app, run, asked, "runs.rank_run", lambda now, _: runs.rank_run(
        now, rank_of(run, where, now.rank), by=asked.by, at=asked.at
    ))  # fmt: skip


async def move_run(
    app: Milepost, run: UUID, asked: Asked, *, stage: StageKey, where: Place
) -> Outcome[Event]:
    """Move a run's card; into another column it goes only by its steps."""
    return await on_run(app, run, asked, "runs.move_run", lambda now, definition: runs.move_run(
        now, definition, stage, rank_of(run, where, now.rank), by=asked.by, at=asked.at
    ))  # fmt: skip


async def override_stage(
    app: Milepost, run: UUID, asked: Asked, *, stage: StageKey, reason: str
) -> Outcome[Event]:
    """Show a run in another stage than its steps give, where that column has room."""
    shown = known_run(await wait_for(lambda: app.load(RUNS, run)), run)
    async with room_in(app, shown.project, stage, asked.at, run):
        return await on_run(app, run, asked, "runs.override_stage", lambda now, definition: runs.override_stage(
            now, definition, stage, reason, by=asked.by, at=asked.at
        ))  # fmt: skip


async def clear_stage_override(app: Milepost, run: UUID, asked: Asked) -> Outcome[Event]:
    """Show a run in the stage that its steps give."""
    return await on_run(app, run, asked, "runs.clear_stage_override", lambda now, _: runs.clear_stage_override(
        now, by=asked.by, at=asked.at
    ))  # fmt: skip


async def comment(
    app: Milepost,
    run: UUID,
    asked: Asked,
    *,
    text: str,
    mentions: tuple[Assignee, ...] = (),
    step: StepKey | None = None,
) -> Outcome[Event]:
    """Write about a run or one of its steps."""
    house, new = await app.directories.naming(mentions), uuid7()
    return await on_run(app, run, asked, "runs.comment", lambda now, definition: runs.comment(
        now, definition, new, text, mentions, step, by=asked.by, at=asked.at, directory=house
    ))  # fmt: skip


async def attach_file(
    app: Milepost,
    run: UUID,
    asked: Asked,
    *,
    name: str,
    media_type: str,
    size_bytes: int,
    sha256: str,
    step: StepKey | None = None,
) -> Outcome[Event]:
    """Show an uploaded file beside a run or one of its steps; Refused where it was not uploaded, or is not taken."""
    accepted_type(app, name, media_type)
    await must_be_kept(app, sha256, size_bytes)
    new = uuid7()
    return await on_run(app, run, asked, "runs.attach_file", lambda now, definition: runs.attach_file(
        now, definition, new, name, media_type, size_bytes, sha256, step, by=asked.by, at=asked.at
    ))  # fmt: skip


async def detach_file(
    app: Milepost, run: UUID, asked: Asked, *, attachment: UUID, reason: str | None = None
) -> Outcome[Event]:
    """Show an attached file no longer."""
    return await on_run(app, run, asked, "runs.detach_file", lambda now, _: runs.detach_file(
        now, attachment, reason, by=asked.by, at=asked.at
    ))  # fmt: skip


async def assign_role(
    app: Milepost,
    run: UUID,
    asked: Asked,
    *,
    role: RoleKey,
    assignee: Assignee | None,
    reason: str | None = None,
) -> Outcome[Event]:
    """Say who fills a role for the rest of a run (None: nobody)."""
    house, administers = await app.directories.now(), await app.gate.administers(asked)

    def decide(now: Run, definition: Definition) -> Sequence[Event]:
        sealed = now.roles.get(role) != assignee and role in sealed_roles(app.versions(now))
        must_not_take(asked.by, assignee, house, sealed=sealed, administers=administers)
        return runs.assign_role(
            now, definition, role, assignee, reason, by=asked.by, at=asked.at, directory=house
        )

    return await on_run(app, run, asked, "runs.assign_role", decide)


async def migrate_run(
    app: Milepost,
    run: UUID,
    asked: Asked,
    *,
    to_version: int | None,
    choices: Mapping[str, str],
    reason: str | None,
) -> Outcome[Event]:
    """Let a run follow another version of its process (None: the newest), and tell whose work that brings."""
    known = known_run(await wait_for(lambda: app.load(RUNS, run)), run)
    wanted: Wanted = "newest" if to_version is None else to_version
    new = await wait_for(lambda: version_wanted(app, known.process, wanted))
    house = await app.directories.now()
    meta = {**asked.meta, "process": new.process, "process_version": new.version}

    def decide(state: Run | None) -> Sequence[Event]:
        now = known_run(state, run)
        old = app.definition(now.process, now.process_version)
        told = (now, old, new, choices, reason, run)
        return migrate_and_tell(*told, by=asked.by, at=asked.at, calendar=app.calendar, directory=house)

    return await app.act(
        RUNS, run, decide, asked, check=may_ask(app, run, asked, "runs.migrate_run"), meta=meta
    )
