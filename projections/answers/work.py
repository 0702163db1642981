"""Answers about work at large: what needs attention, inboxes, projects, processes, home."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from projections.answers.attention import AttentionRow
from projections.answers.cards import FunnelStage


@dataclass(frozen=True, slots=True)
class InboxRow:
    """One piece of ready work: a step of a run or a task. ``claimable``: it is a group's, for one to take.

    ``due_on`` is the day of a due that has no time of day; ``due_at`` the end of business on it.
    ``reminded_at``: when its people were reminded of it last, by whom (``system:milepost``: by the process).
    """

    kind: Literal["step", "task"]
    id: UUID
    step: str | None
    title: str
    name: str
    process: str | None
    project: UUID | None
    project_name: str | None
    stage: str | None
    state: str
    assignee: str
    due_at: datetime | None
    overdue: bool
    priority: str
    ready_at: datetime | None
    step_kind: str | None = None
    claimable: bool = False
    due_on: date | None = None
    reminded_at: datetime | None = None
    reminded_by: str | None = None


@dataclass(frozen=True, slots=True)
class Inbox:
    """A person's ready work, and that of their groups: overdue first (oldest due first), then today, undated, upcoming.

    ``next`` is what to do first; None when there is nothing to do, and on later pages. ``more`` come after these,
    behind ``next_after``.
    """

    person: str
    rows: tuple[InboxRow, ...]
    total: int
    overdue: int
    position: int
    as_of: datetime
    behind: int = 0
    next: InboxRow | None = None
    more: int = 0
    next_after: int | None = None


@dataclass(frozen=True, slots=True)
class ProjectRow:
    """One project in a list: open cards, what needs attention, how many runs ended."""

    id: UUID
    name: str
    state: str
    owner: str | None
    process: str | None
    open_runs: int
    open_tasks: int
    ended_runs: int
    attention: int
    opened_at: datetime
    stages: tuple[FunnelStage, ...] = ()


@dataclass(frozen=True, slots=True)
class Projects:
    """All projects, open ones first, by name."""

    rows: tuple[ProjectRow, ...]
    position: int
    as_of: datetime
    behind: int = 0
    more: int = 0
    next_after: int | None = None


@dataclass(frozen=True, slots=True)
class ProcessRow:
    """One process in a list."""

    key: str
    title: str
    owner: str
    version: int | None
    versions: int
    state: Literal["draft", "published", "retired"]
    stages: int
    steps: int
    open_runs: int
    ended_runs: int
    has_draft: bool
    stream_version: int
    published_at: datetime | None


@dataclass(frozen=True, slots=True)
class Processes:
    """All processes by title."""

    rows: tuple[ProcessRow, ...]
    position: int
    as_of: datetime
    behind: int = 0
    more: int = 0
    next_after: int | None = None


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One published version of a process; ``document`` is what its author wrote."""

    process: str
    version: int
    title: str
    note: str
    published_at: datetime
    published_by: str | None
    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ProcessView:
    """A process with its draft, if it has one, and its versions, newest first."""

    key: str
    title: str
    state: Literal["draft", "published", "retired"]
    draft: dict[str, Any] | None
    versions: tuple[VersionRow, ...]
    stream_version: int
    position: int
    as_of: datetime
    behind: int = 0


@dataclass(frozen=True, slots=True)
class Home:
    """What a person sees first: their work, their projects, the processes, what needs attention."""

    person: str
    inbox: tuple[InboxRow, ...]
    inbox_total: int
    inbox_overdue: int
    projects: tuple[ProjectRow, ...]
    processes: tuple[ProcessRow, ...]
    attention: tuple[AttentionRow, ...]
    attention_counts: dict[str, int]
    position: int
    as_of: datetime
    behind: int = 0
