"""What all views of a run share of one of its steps, and what a new round, or going back behind it, makes of it."""

from __future__ import annotations

from collections.abc import Set
from copy import copy
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from projections.answers import Help


class Incident(NamedTuple):
    """Something that a step's machine needs a person for."""

    id: UUID
    problem: str
    since: datetime
    assignee: str | None


class StepFacts:
    """One step of one run."""

    __slots__ = (
        "added_later", "approvals", "approved_by", "asked_anew", "assignee", "by", "called", "comments", "doubted",
        "due_at", "due_moves", "due_source", "ended_at", "help", "incident", "joined", "outcome", "overdue",
        "questioned", "ready_at", "reason", "reminded_at", "reminded_by", "reopened", "round", "round_at",
        "started_at", "state",
    )  # fmt: skip

    def __init__(self) -> None:
        self.state = "locked"
        self.round = 1
        self.round_at: datetime | None = None
        """When this round began; None for the first one."""
        self.assignee: str | None = None
        self.by: str | None = None
        self.ready_at: datetime | None = None
        self.started_at: datetime | None = None
        self.ended_at: datetime | None = None
        self.due_at: datetime | None = None
        self.due_source: str | None = None
        self.due_moves = 0
        self.overdue = False
        self.outcome: str | None = None
        self.reason: str | None = None
        self.help: Help | None = None
        self.incident: Incident | None = None
        self.joined = False
        self.questioned = False
        self.doubted: frozenset[str] = frozenset()
        """The steps that it builds on and that a migration had done again."""
        self.reopened: StepFacts | None = None
        """The step as it was before a migration had it done again."""
        self.approvals = 0
        self.approved_by: list[str] = []
        self.asked_anew = False
        """Whether a decision was voided, and none was taken since."""
        self.comments = 0
        self.added_later = False
        self.called = False
        self.reminded_at: datetime | None = None
        self.reminded_by: str | None = None


def begin_round(step: StepFacts, number: int, at: datetime) -> None:
    """A new round starts empty; whose work it is stays."""
    step.round, step.round_at = number, at
    step.state = "locked"
    step.by = step.ready_at = step.started_at = step.ended_at = None
    step.outcome = step.reason = step.help = step.incident = step.reminded_at = step.reminded_by = None
    step.overdue = step.questioned = step.added_later = step.called = False
    step.doubted = frozenset()
    step.approvals = 0
    step.approved_by = []


def remember(step: StepFacts, *, by_migration: bool) -> None:
    """Keep the step as it is where a migration has it done again: another may take that back."""
    step.reopened = None
    if by_migration:
        step.reopened = copy(step)


def restored(step: StepFacts) -> StepFacts:
    """The step as it was before a migration had it done again; what people wrote about it since stays.

    One that was open waits: whoever it was with is asked by an event of its own.
    """
    before = step.reopened or step
    before.comments = step.comments
    if before.state in ("ready", "in_progress"):
        before.state = "locked"
    return before


def undoubt(step: StepFacts, restored: Set[str]) -> None:
    """Take away the marks that steps left which are done as they were."""
    step.doubted -= restored
    if step.reopened is not None:
        step.reopened.doubted -= restored
