"""Answers about what needs somebody: why, since when, and the one thing that fixes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args
from uuid import UUID

from projections.answers.cards import CardKind

AttentionKind = Literal[
    "incident", "needs_help", "blocked", "owner_deactivated", "owner_unknown", "late", "waiting_outside", "not_told",
    "approval", "stalled", "at_risk", "unassigned",
]  # fmt: skip
ATTENTION_KINDS: tuple[AttentionKind, ...] = get_args(AttentionKind)
"""The worst first."""


@dataclass(frozen=True, slots=True)
class Fix:
    """The one action that fixes it, as a request that the interface carries out.

    ``body`` is ready to be sent; the members that ``asks`` names are proposals, to be confirmed by whoever sends it.
    """

    verb: str
    label: str
    method: str
    href: str
    body: dict[str, Any] = field(default_factory=dict)
    asks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AttentionRow:
    """One thing that needs somebody: what, why in plain words, who, since when, and the action that fixes it.

    ``age_hours`` is the working time since work on it last got anywhere; ``usual_hours`` the working time that 85 of
    100 runs took in this stage at most (null: too few ended yet); ``due_moves`` how often the due was moved.
    """

    kind: AttentionKind
    card_kind: CardKind
    id: UUID
    name: str
    project: UUID | None
    project_name: str | None
    process: str | None
    step: str | None
    step_title: str | None
    why: str
    who: str | None
    since: datetime | None
    due_at: datetime | None
    priority: str
    action: Fix | None = None
    stage: str | None = None
    age_hours: float = 0.0
    usual_hours: float | None = None
    due_moves: int = 0


@dataclass(frozen=True, slots=True)
class Attention:
    """What needs attention, worst first; ``counts`` by kind cover also the rows beyond the page.

    ``more`` rows come after these, behind ``next_after``: how many came before the next page (null: this is the last).
    """

    rows: tuple[AttentionRow, ...]
    counts: dict[str, int]
    position: int
    as_of: datetime
    behind: int = 0
    total: int = 0
    next_after: int | None = None
    more: int = 0
