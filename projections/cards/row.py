"""The row of a card: what the board keeps of a run or a task, whatever the time is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from psycopg import sql

from projections.statements import columns, parts


class CardRow(NamedTuple):
    """A card as the board's table holds it; its fields are the columns.

    ``stages`` is JSON text when it was read, because its reader keeps what it made of the same text before, and what
    the text holds when a fold has just made it.
    """

    card: UUID
    kind: str
    project: UUID | None
    name: str
    stage: str
    state: str
    late_at: datetime | None
    blocked_at: datetime | None
    life: str
    version: int
    rank: str | None
    priority: str
    process: str | None
    process_version: int | None
    stages: str | Sequence[Mapping[str, Any]] | None
    reached: Sequence[str]
    progress: float | None
    next_action: str | None
    who: str | None
    due_at: datetime | None
    entered_stage_at: datetime | None
    also_in: Sequence[str]
    help: Mapping[str, Any] | None
    blocked: str | None
    comments: int
    labels: Sequence[str]
    checklist_done: int
    checklist_total: int
    description: str
    waits_for: Sequence[UUID]
    outcome: str | None
    started_at: datetime
    target_at: datetime | None
    target_stage: str | None
    target_reached_at: datetime | None
    ended_at: datetime | None
    due_on: date | None
    override: Mapping[str, Any] | None
    lowered: Sequence[str]
    progressed_at: datetime | None
    earlier: Sequence[UUID]


class Timed(Protocol):
    """As much of a card's row as its state by the clock is judged by."""

    @property
    def card(self) -> UUID:
        """Which card."""

    @property
    def kind(self) -> str:
        """A run or a task."""

    @property
    def life(self) -> str:
        """What became of it."""

    @property
    def state(self) -> str:
        """Its state at rest."""

    @property
    def stages(self) -> str | Sequence[Mapping[str, Any]] | None:
        """Its stages, of which one may be late."""

    @property
    def started_at(self) -> datetime:
        """When it began."""

    @property
    def ended_at(self) -> datetime | None:
        """When it was over."""

    @property
    def late_at(self) -> datetime | None:
        """When it is late."""

    @property
    def blocked_at(self) -> datetime | None:
        """When it is blocked."""

    @property
    def due_at(self) -> datetime | None:
        """When it is due."""

    @property
    def due_on(self) -> date | None:
        """The day on which it is due."""


CARD_COLUMNS = columns(CardRow, "c", stages=sql.SQL("c.stages::text"))
"""The columns of a card in a statement that calls its table ``c``."""
PARTS = {"card": CARD_COLUMNS, **parts("cards/parts")}
"""What statements about cards are composed of: their columns, a filter (see CardFilter), when they are due."""
