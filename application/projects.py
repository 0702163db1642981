"""What can be asked of a project.

Each raises Refused where there is no such project, and Rejected, with what would be accepted, where a rule says no.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from application.asked import Asked
from application.blocking import wait_for
from application.found import PROCESSES, PROJECTS, known_process, known_project
from application.milepost import Milepost, Outcome
from application.rights.subjects import OfHouse, OfProject
from domain import project as projects
from domain.events import AnyProjectEvent, ProjectStage
from domain.project import Access, Project
from domain.words import Assignee, Rejected, StageKey, process_stream

Done = Outcome[AnyProjectEvent]


async def open_project(
    app: Milepost,
    project: UUID,
    asked: Asked,
    *,
    name: str,
    owner: Assignee | None = None,
    stages: tuple[ProjectStage, ...] | None = None,
    process: str | None = None,
) -> Done:
    """Open a project; without ``stages`` its columns are the stages of ``process`` in its newest version.

    Without ``owner`` it is the project of whoever opens it, where they work here.
    """
    columns = stages
    if columns is None:
        columns = () if process is None else await wait_for(lambda: _stages_of(app, process))
    house = await app.directories.now()
    leads = Assignee(asked.by) if owner is None and house.is_active(asked.by) else owner
    return await app.act(PROJECTS, project, lambda known: projects.open_project(
        known, name, columns, owner=leads, process=process, by=asked.by, at=asked.at, directory=house
    ), asked, check=app.gate.on("projects.open_project", asked, OfHouse("project")))  # fmt: skip


def _stages_of(app: Milepost, key: str) -> tuple[ProjectStage, ...]:
    process = known_process(app.load(PROCESSES, process_stream(key)), key)
    if process.version == 0:
        raise Rejected(
            "no_version", f"no version of {key} is published: name the stages", accepted=["stages"]
        )
    stages = app.definition(key, process.version).document.stages
    return tuple(ProjectStage(key=StageKey(stage.key), title=stage.title) for stage in stages)


async def rename(app: Milepost, project: UUID, asked: Asked, *, name: str) -> Done:
    """Give a project another name."""
    return await _on_project(app, project, asked, "projects.rename", lambda now: projects.rename(
        now, name, by=asked.by, at=asked.at
    ))  # fmt: skip


async def change_stages(
    app: Milepost, project: UUID, asked: Asked, *, stages: tuple[ProjectStage, ...]
) -> Done:
    """Change the columns of a project's board."""
    return await _on_project(app, project, asked, "projects.change_stages", lambda now: projects.change_stages(
        now, stages, by=asked.by, at=asked.at
    ))  # fmt: skip


async def add_member(app: Milepost, project: UUID, asked: Asked, *, member: Assignee, access: Access) -> Done:
    """Let somebody see, work in or steer a project."""
    house = await app.directories.now()
    return await _on_project(app, project, asked, "projects.add_member", lambda now: projects.add_member(
        now, member, access, by=asked.by, at=asked.at, directory=house
    ))  # fmt: skip


async def remove_member(app: Milepost, project: UUID, asked: Asked, *, member: Assignee) -> Done:
    """Take somebody out of a project."""
    return await _on_project(app, project, asked, "projects.remove_member", lambda now: projects.remove_member(
        now, member, by=asked.by, at=asked.at
    ))  # fmt: skip


async def close(app: Milepost, project: UUID, asked: Asked, *, reason: str) -> Done:
    """Let a project take no more work."""
    return await _on_project(app, project, asked, "projects.close", lambda now: projects.close(
        now, reason, by=asked.by, at=asked.at
    ))  # fmt: skip


async def reopen(app: Milepost, project: UUID, asked: Asked, *, reason: str) -> Done:
    """Let a closed project take work again."""
    return await _on_project(app, project, asked, "projects.reopen", lambda now: projects.reopen(
        now, reason, by=asked.by, at=asked.at
    ))  # fmt: skip


async def _on_project(
    app: Milepost,
    project: UUID,
    asked: Asked,
    function: str,
    decide: Callable[[Project], Sequence[AnyProjectEvent]],
) -> Done:
    async def check(state: Any, fresh: bool) -> Mapping[UUID, int]:
        if not isinstance(state, Project):
            return {}
        return await app.gate.must(function, asked, OfProject(project, state), fresh=fresh)

    return await app.act(
        PROJECTS, project, lambda state: decide(known_project(state, project)), asked, check=check
    )
