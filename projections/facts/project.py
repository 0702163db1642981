"""The state of a project and of a process, as the read models need them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, assert_never

from domain import events as e
from projections.engine.fold import Fold, over


class ProjectFacts:
    """One project: its name, the columns of its board, its people."""

    __slots__ = ("members", "name", "opened_at", "owner", "process", "stages", "state")

    def __init__(self) -> None:
        self.state = "open"
        self.name = ""
        self.owner: str | None = None
        self.process: str | None = None
        self.stages: tuple[e.ProjectStage, ...] = ()
        self.members: dict[str, str] = {}
        self.opened_at: datetime | None = None


def _take_project(project: ProjectFacts, event: e.AnyProjectEvent) -> None:
    match event:
        case e.ProjectOpened():
            project.name, project.owner, project.process = event.name, event.owner, event.process
            project.stages, project.opened_at = event.stages, event.at
        case e.ProjectRenamed():
            project.name = event.name
        case e.ProjectStagesChanged():
            project.stages = event.stages
        case e.ProjectMemberAdded():
            project.members[event.member] = event.access
        case e.ProjectMemberRemoved():
            project.members.pop(event.member, None)
        case e.ProjectClosed():
            project.state = "closed"
        case e.ProjectReopened():
            project.state = "open"
        case _:
            assert_never(event)


PROJECT_FACTS = Fold("project_facts", ProjectFacts, over(e.AnyProjectEvent, _take_project))


@dataclass(frozen=True, slots=True)
class PublishedVersion:
    """One version of a process as it was published."""

    version: int
    document: dict[str, Any]
    note: str
    at: datetime
    by: str | None


class ProcessFacts:
    """One process: its draft and its versions."""

    __slots__ = ("draft", "key", "retired", "versions")

    def __init__(self) -> None:
        self.key = ""
        self.draft: dict[str, Any] | None = None
        self.versions: list[PublishedVersion] = []
        self.retired = False


def _take_process(process: ProcessFacts, event: e.AnyProcessEvent) -> None:
    process.key = event.process
    match event:
        case e.ProcessDraftSaved():
            process.draft = event.document
        case e.ProcessVersionPublished():
            version = PublishedVersion(event.process_version, event.document, event.note, event.at, event.by)
            process.versions.append(version)
            process.draft = None
        case e.ProcessRetired():
            process.retired = True
        case _:
            assert_never(event)


PROCESS_FACTS = Fold("process_facts", ProcessFacts, over(e.AnyProcessEvent, _take_process))
