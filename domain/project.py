"""A project: the columns of its board, who may see and steer it, and whether it still takes work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, assert_never, get_args

from domain.aggregate import Aggregate
from domain.checks import line, words
from domain.directory import Directory, must_be_here
from domain.events import (
    AnyProjectEvent,
    ProjectClosed,
    ProjectMemberAdded,
    ProjectMemberRemoved,
    ProjectOpened,
    ProjectRenamed,
    ProjectReopened,
    ProjectStage,
    ProjectStagesChanged,
)
from domain.words import Actor, Assignee, Rejected

Access = Literal["viewer", "member", "manager"]
ACCESSES: tuple[Access, ...] = get_args(Access)
_MOST_STAGES = 50
_MOST_MEMBERS = 1_000


@dataclass(frozen=True)
class Project:
    """What decisions about a project need to know."""

    name: str = ""
    owner: Assignee | None = None
    process: str | None = None
    stages: tuple[ProjectStage, ...] = ()
    members: dict[Assignee, Access] = field(default_factory=dict)
    closed: bool = False


def evolve(project: Project | None, event: AnyProjectEvent) -> Project:  # noqa: PLR0911 - one closed match
    """The project after the event."""
    project = project or Project()
    match event:
        case ProjectOpened():
            return replace(
                project, name=event.name, owner=event.owner, process=event.process, stages=event.stages
            )
        case ProjectRenamed():
            return replace(project, name=event.name)
        case ProjectStagesChanged():
            return replace(project, stages=event.stages)
        case ProjectMemberAdded():
            return replace(project, members={**project.members, event.member: event.access})
        case ProjectMemberRemoved():
            left = {member: access for member, access in project.members.items() if member != event.member}
            return replace(project, members=left)
        case ProjectClosed():
            return replace(project, closed=True)
        case ProjectReopened():
            return replace(project, closed=False)
        case _:
            assert_never(event)


PROJECT = Aggregate("project", evolve)


def belongs_to(project: Project, who: Assignee, directory: Directory) -> bool:
    """Whether somebody owns the project, or is in it: by name or as a member of a group, to work or to look."""
    return who == project.owner or any(
        member == who or directory.is_member(who, member) for member in project.members
    )


# --- decisions ---


def open_project(
    project: Project | None,
    name: str,
    stages: tuple[ProjectStage, ...],
    *,
    owner: Assignee | None = None,
    process: str | None = None,
    by: Actor,
    at: datetime,
    directory: Directory,
) -> list[AnyProjectEvent]:
    """Begin a project with these columns. Opening it again in the same way changes nothing."""
    name, stages = line("name", name), _columns(stages)
    if project is not None:
        if (project.name, project.owner, project.process, project.stages) == (name, owner, process, stages):
            return []
        raise Rejected("already_open", "this project exists already", name=project.name)
    must_be_here(owner, directory, field="owner")
    return [ProjectOpened(name=name, owner=owner, stages=stages, process=process, by=by, at=at)]


def rename(project: Project, name: str, *, by: Actor, at: datetime) -> list[AnyProjectEvent]:
    """Give the project another name."""
    name = line("name", name)
    if name == project.name:
        return []
    _must_be_open(project)
    return [ProjectRenamed(name=name, by=by, at=at)]


def change_stages(
    project: Project, stages: tuple[ProjectStage, ...], *, by: Actor, at: datetime
) -> list[AnyProjectEvent]:
    """Replace the columns of the board by this list."""
    stages = _columns(stages)
    if stages == project.stages:
        return []
    _must_be_open(project)
    return [ProjectStagesChanged(stages=stages, by=by, at=at)]


def add_member(
    project: Project,
    member: Assignee,
    access: Access,
    *,
    by: Actor,
    at: datetime,
    directory: Directory,
) -> list[AnyProjectEvent]:
    """Let somebody see, work in or steer the project; somebody already there gets the new access."""
    if access not in ACCESSES:
        raise Rejected("unknown_access", f"there is no access {access!r}", accepted=list(ACCESSES))
    if project.members.get(member) == access:
        return []
    _must_be_open(project)
    must_be_here(member, directory, field="member")
    if member not in project.members and len(project.members) >= _MOST_MEMBERS:
        raise Rejected(
            "too_many_members", f"a project has at most {_MOST_MEMBERS} members", most=_MOST_MEMBERS
        )
    return [ProjectMemberAdded(member=member, access=access, by=by, at=at)]


def remove_member(project: Project, member: Assignee, *, by: Actor, at: datetime) -> list[AnyProjectEvent]:
    """Take the access away; possible in a closed project too."""
    if member not in project.members:
        return []
    return [ProjectMemberRemoved(member=member, by=by, at=at)]


def close(project: Project, reason: str, *, by: Actor, at: datetime) -> list[AnyProjectEvent]:
    """Take no more work."""
    if project.closed:
        return []
    return [ProjectClosed(reason=words("reason", reason), by=by, at=at)]


def reopen(project: Project, reason: str, *, by: Actor, at: datetime) -> list[AnyProjectEvent]:
    """Take work again."""
    if not project.closed:
        return []
    return [ProjectReopened(reason=words("reason", reason), by=by, at=at)]


# --- queries ---


def column(project: Project, stage: str) -> ProjectStage:
    """The column of this key in an open project: where a card may be put; otherwise Rejected."""
    _must_be_open(project)
    for candidate in project.stages:
        if candidate.key == stage:
            return candidate
    raise Rejected(
        "unknown_stage",
        f"this project has no stage {stage!r}",
        accepted=[each.key for each in project.stages],
    )


def stands_in(columns: Sequence[str], stage: str) -> str:
    """The column in which a board shows the cards of a stage: the first one, where it has none for that stage."""
    return stage if stage in columns or not columns else columns[0]


def _must_be_open(project: Project) -> None:
    if project.closed:
        raise Rejected("project_closed", "this project is closed; reopen it first", accepted=["reopen"])


def _columns(stages: tuple[ProjectStage, ...]) -> tuple[ProjectStage, ...]:
    plain = tuple(ProjectStage.model_validate(each.model_dump()) for each in stages)
    if not 1 <= len(plain) <= _MOST_STAGES:
        raise Rejected("bad_stages", f"a project has 1 to {_MOST_STAGES} stages", most=_MOST_STAGES)
    seen: set[str] = set()
    for stage in plain:
        if stage.key in seen:
            raise Rejected("duplicate_stage", f"two stages are called {stage.key!r}", stage=stage.key)
        if stage.wip_limit is not None and stage.wip_limit < 1:
            raise Rejected(
                "bad_limit", f"the limit of stage {stage.key!r} must be 1 or more", stage=stage.key
            )
        if stage.wip_hard and stage.wip_limit is None:
            raise Rejected("bad_limit", f"stage {stage.key!r} has no limit to hold hard", stage=stage.key)
        line("title", stage.title)
        seen.add(stage.key)
    return plain
