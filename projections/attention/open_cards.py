"""An open card as far as it is judged whether it needs somebody, and what is told of it besides once that is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import sql

from domain.rollup import state_at
from projections.answers import StageDot
from projections.answers.forecasts import ForecastFace
from projections.cards.judging import Judge
from projections.cards.row import CardRow
from projections.cards.stages import stages_of
from projections.statements import columns


class OpenCard(NamedTuple):
    """As much of a card's row as is judged; its fields are the columns. ``stages`` only where one has a target."""

    card: UUID
    kind: str
    name: str
    project: UUID | None
    stage: str
    state: str
    late_at: datetime | None
    blocked_at: datetime | None
    life: str
    priority: str
    process: str | None
    process_version: int | None
    stages: str | Sequence[Mapping[str, Any]] | None
    who: str | None
    due_at: datetime | None
    due_on: date | None
    entered_stage_at: datetime | None
    help: Mapping[str, Any] | None
    blocked: str | None
    started_at: datetime
    ended_at: datetime | None
    target_at: datetime | None
    target_stage: str | None
    target_reached_at: datetime | None
    progressed_at: datetime | None

    @property
    def open_target_at(self) -> datetime | None:
        """The target that is still to be met."""
        return None if self.ended_at is not None or self.target_reached_at is not None else self.target_at


_WITH_TARGET = """
case when c.stages @? '$[*].target_days' or c.stages @? '$[*].target_at' then c.stages::text end
"""
OPEN_CARD_COLUMNS = columns(OpenCard, "c", stages=sql.SQL(_WITH_TARGET))
_parts = attrgetter(*OpenCard._fields)


def open_card(row: CardRow) -> OpenCard:
    """The same of a whole row."""
    return OpenCard(*_parts(row))


def late_stage(card: OpenCard, judge: Judge) -> StageDot | None:
    """The first stage that is late because its target has passed."""
    stages = stages_of(card.stages, card.started_at, judge, ended=False)
    if stages.target_at is None or stages.target_at >= judge.now:
        return None
    for place, state, late_at, blocked_at, target_at in stages.waiting:
        if target_at is not None and target_at < judge.now:
            by_now = state_at(state, judge.now, late_at=late_at, blocked_at=blocked_at, target_at=target_at)
            if by_now == "late":
                return stages.dots[place]
    return None


@dataclass(frozen=True)
class Beside:
    """What words about a card take that judging it does not: what its stages are called, and its forecast."""

    titles: Mapping[str, str] = field(default_factory=dict)
    forecast: ForecastFace | None = None


NOTHING_BESIDE = Beside()
