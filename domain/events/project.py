"""Events of a project."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from domain.events.base import Event
from domain.words import Assignee, StageKey


class ProjectStage(BaseModel):
    """A column of a project's board. Runs stand in the column whose key their current stage has.

    ``wip_hard``: nothing is moved into the column once it holds as many open cards as ``wip_limit`` says.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")
    key: StageKey
    title: str
    wip_limit: int | None = None
    wip_hard: bool = False


class ProjectEvent(Event):
    """A fact about one project."""

    aggregate = "project"


class ProjectOpened(ProjectEvent):
    """A project began: its name, its owner, the stages of its board, the process its runs usually follow."""

    type = "project_opened"
    public = ("process",)
    name: str
    owner: Assignee | None = None
    stages: tuple[ProjectStage, ...]
    process: str | None = None


class ProjectRenamed(ProjectEvent):
    """The project's name changed."""

    type = "project_renamed"
    name: str


class ProjectStagesChanged(ProjectEvent):
    """The columns of the board were changed; the list is the whole new list."""

    type = "project_stages_changed"
    stages: tuple[ProjectStage, ...]


class ProjectMemberAdded(ProjectEvent):
    """Somebody may see (viewer), work in (member) or steer (manager) the project."""

    type = "project_member_added"
    member: Assignee
    access: Literal["viewer", "member", "manager"]


class ProjectMemberRemoved(ProjectEvent):
    """Somebody lost access to the project."""

    type = "project_member_removed"
    member: Assignee


class ProjectClosed(ProjectEvent):
    """The project takes no more work."""

    type = "project_closed"
    reason: str


class ProjectReopened(ProjectEvent):
    """A closed project takes work again."""

    type = "project_reopened"
    reason: str


AnyProjectEvent = (
    ProjectOpened
    | ProjectRenamed
    | ProjectStagesChanged
    | ProjectMemberAdded
    | ProjectMemberRemoved
    | ProjectClosed
    | ProjectReopened
)
