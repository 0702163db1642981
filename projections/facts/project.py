"""The state of a project and of a process, as the read models need them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from projections.engine.fold import Data, Fold


class ProjectFacts:
    """One project: its name, the columns of its board, its people."""

    __slots__ = ("members", "name", "opened_at", "owner", "process", "stages", "state")

    def __init__(self) -> None:
        self.state = "open"
        self.name = ""
        self.owner: str | None = None
        self.process: str | None = None
        self.stages: list[dict[str, Any]] = []
        self.members: dict[str, str] = {}
        self.opened_at: datetime | None = None


def _opened(project: ProjectFacts, data: Data, at: datetime, _by: str | None) -> None:
    project.name = data["name"]
    project.owner = data.get("owner")
    project.process = data.get("process")
    project.stages = list(data["stages"])
    project.opened_at = at


def _renamed(project: ProjectFacts, data: Data, _at: datetime, _by: str | None) -> None:
    project.name = data["name"]


def _stages_changed(project: ProjectFacts, data: Data, _at: datetime, _by: str | None) -> None:
    project.stages = list(data["stages"])


def _member_added(project: ProjectFacts, data: Data, _at: datetime, _by: str | None) -> None:
    project.members[data["member"]] = data["access"]


def _member_removed(project: ProjectFacts, data: Data, _at: datetime, _by: str | None) -> None:
    project.members.pop(data["member"], None)


def _closed(project: ProjectFacts, _data: Data, _at: datetime, _by: str | None) -> None:
    project.state = "closed"


def _reopened(project: ProjectFacts, _data: Data, _at: datetime, _by: str | None) -> None:
    project.state = "open"


PROJECT_FACTS = Fold(
    "project_facts",
    ProjectFacts,
    {
        "project_opened": _opened,
        "project_renamed": _renamed,
        "project_stages_changed": _stages_changed,
        "project_member_added": _member_added,
        "project_member_removed": _member_removed,
        "project_closed": _closed,
        "project_reopened": _reopened,
    },
)


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


def _draft_saved(process: ProcessFacts, data: Data, _at: datetime, _by: str | None) -> None:
    process.key = data["process"]
    process.draft = data["document"]


def _published(process: ProcessFacts, data: Data, at: datetime, by: str | None) -> None:
    process.key = data["process"]
    version = PublishedVersion(data["process_version"], data["document"], data["note"], at, by)
    process.versions.append(version)
    process.draft = None


def _retired(process: ProcessFacts, _data: Data, _at: datetime, _by: str | None) -> None:
    process.retired = True


PROCESS_FACTS = Fold(
    "process_facts",
    ProcessFacts,
    {
        "process_draft_saved": _draft_saved,
        "process_version_published": _published,
        "process_retired": _retired,
    },
)
