"""Answers about runs: every step, its state, what it waits for, and the history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from projections.answers.cards import Help


@dataclass(frozen=True, slots=True)
class DueWaitsFor:
    """What has to be known before a step can have a due: the anchor of its rule (``plan.day``), and its title."""

    anchor: str
    title: str


@dataclass(frozen=True, slots=True)
class WaitsFor:
    """A step that a locked step waits for: whose it is and when it is due, as far as that is known by now."""

    step: str
    title: str
    who: str | None
    due_at: datetime | None
    state: str


@dataclass(frozen=True, slots=True)
class RefusalView:
    """What a refusal does: these steps are done again, or the run ends so; and the fields that it has to bring.

    Each field has its ``path``, such as ``inputs.go_live_target``, beside what a field of a form has.
    """

    reopens: tuple[str, ...] = ()
    ends_run: str | None = None
    fields: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class StepAction:
    """Something that the machine does at a step: how often it was tried, what came of the last try, when the next is.

    ``action`` is ``email``, ``http`` or ``run`` where it is what the step consists of; else what it is for, such as
    ``invitation``. ``next_at`` is null when the machine does not try by itself any more: it is done, or somebody has to
    decide (``incident``).
    """

    action: str
    kind: str
    state: str
    attempt: int
    reason: str | None
    result: str | None
    changed_at: datetime
    next_at: datetime | None
    incident: UUID | None


@dataclass(frozen=True, slots=True)
class StepView:
    """One step of a run as a doer sees it: its state, its people and times, its values, and its form.

    ``notes``: values as they were before a migration gave their fields another kind; ``added_later``: set aside because
    it came with a newer version when the run was past it.
    """

    key: str
    title: str
    kind: str
    stage: str
    role: str | None
    required: bool
    state: str
    round: int
    assignee: str | None = None
    by: str | None = None
    ready_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    due_at: datetime | None = None
    due_source: str | None = None
    due_moves: int = 0
    overdue: bool = False
    due_expected_at: datetime | None = None
    """Of a locked step: when it will be due by its rule, from what is known by now."""
    due_waits_for: DueWaitsFor | None = None
    next_reminder_at: datetime | None = None
    escalates_at: datetime | None = None
    skipped_at: datetime | None = None
    """When the step is set aside if nobody does it before."""
    waits_until: datetime | None = None
    waits_for: tuple[WaitsFor, ...] = ()
    outcome: str | None = None
    values: dict[str, Any] | None = None
    notes: dict[str, Any] | None = None
    added_later: bool = False
    help: Help | None = None
    reason: str | None = None
    questioned: bool = False
    approvals: int = 0
    comments: int = 0
    instructions: str = ""
    gate: bool = False
    refusal: RefusalView | None = None
    """Of an approval: what a refusal does."""
    fields: tuple[dict[str, Any], ...] = ()
    actions: tuple[StepAction, ...] = ()
    """What the machine does at the step in its present round, and what else of it is not over."""
    inputs: tuple[dict[str, Any], ...] = ()
    """The form of the run's inputs, where the step shows it to be checked and corrected."""


@dataclass(frozen=True, slots=True)
class StageView:
    """One stage of a run with its steps."""

    key: str
    title: str
    state: str
    outcome: str | None
    steps: tuple[StepView, ...]
    entered_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RunView:
    """One run as its participants see it, every step by stage."""

    id: UUID
    name: str
    process: str
    process_title: str
    version: int
    state: str
    stage: str | None
    progress: float | None
    stages: tuple[StageView, ...]
    inputs: dict[str, Any]
    roles: dict[str, str]
    project: UUID | None
    priority: str
    target_at: datetime | None
    target_stage: str | None
    """The stage that the target is for; null without a target, or where it is for the whole run."""
    outcome: str | None
    started_at: datetime
    ended_at: datetime | None
    started_by: str | None
    subject: str | None
    reason: str | None
    test: bool
    stream_version: int
    position: int
    as_of: datetime
    behind: int = 0
    attachments: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One event of a run (or project, or task), as it was recorded.

    ``authenticated_by``: who came in and acted in the name of ``by`` (null: themselves).
    """

    position: int
    version: int
    type: str
    occurred_at: datetime
    recorded_at: datetime
    by: str | None
    step: str | None
    round: int | None
    data: dict[str, Any]
    authenticated_by: str | None = None


@dataclass(frozen=True, slots=True)
class History:
    """A page of a history, oldest first; ``more`` come after it, behind ``next_after`` (None: this was the last)."""

    entries: tuple[HistoryEntry, ...]
    next_after: int | None
    position: int
    as_of: datetime
    behind: int = 0
    more: int = 0


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run in a list."""

    id: UUID
    name: str
    process: str
    process_version: int
    project: UUID | None
    state: str
    stage: str | None
    card_state: str
    progress: float | None
    priority: str
    next_action: str | None
    who: str | None
    due_at: datetime | None
    overdue: bool
    outcome: str | None
    started_at: datetime
    ended_at: datetime | None
    target_at: datetime | None
    stream_version: int
    target_stage: str | None = None
    target_reached_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Runs:
    """A page of runs, newest first; ``more`` come after it, behind ``next_after`` (None: this was the last)."""

    rows: tuple[RunRow, ...]
    next_after: UUID | None
    position: int
    as_of: datetime
    behind: int = 0
    more: int = 0
