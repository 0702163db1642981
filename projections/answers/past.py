"""Answers about how a board came to be what it is: which events set a cell, and what changed between two moments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from projections.answers.cards import CardKind

Cell = Literal[
    "stage", "state", "progress", "outcome", "next_action", "stage_state", "lowered", "also_in", "entered_stage",
    "help", "blocked", "override",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cause:
    """An event that made a cell what it is: its position in the log, what it was, at which step, who, when."""

    position: int
    version: int
    type: str
    step: str | None
    step_title: str | None
    who: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class WhyCell:
    """One cell of a card: what it shows, and the events that made it so, oldest first.

    ``passed`` are instants that the clock has gone by since: a due, the target of a stage or of the run. ``of`` is the
    stage that a ``stage_state`` is of; ``said`` what no event says: why the forecast warns.
    """

    cell: Cell
    shows: Any
    events: tuple[Cause, ...]
    passed: tuple[datetime, ...] = ()
    of: str | None = None
    said: str = ""


@dataclass(frozen=True, slots=True)
class Why:
    """Why a card shows what it shows."""

    card: UUID
    kind: CardKind
    name: str
    cells: tuple[WhyCell, ...]
    position: int
    as_of: datetime
    behind: int = 0


ChangeKind = Literal[
    "finished", "ended_early", "cancelled", "started", "added", "reopened", "left", "moved", "late", "at_risk",
    "blocked", "needs_help", "recovered", "target",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class CardChange:
    """One thing that changed on one card, in plain words."""

    card: UUID
    kind: CardKind
    name: str
    what: ChangeKind
    said: str


@dataclass(frozen=True, slots=True)
class Since:
    """What changed between two moments: in sentences, and card by card."""

    begins_at: datetime
    ends_at: datetime
    lines: tuple[str, ...]
    counts: dict[str, int]
    changes: tuple[CardChange, ...]
    position: int
    as_of: datetime
    behind: int = 0
