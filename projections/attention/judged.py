"""An open card with its steps while it is judged: what rules and words about it both ask."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import NamedTuple
from uuid import UUID

from projections.answers import AttentionKind, AttentionRow
from projections.attention.context import Context, Stopped
from projections.attention.open_cards import Beside, OpenCard
from projections.attention.open_steps import OpenStep
from projections.cards.usual_times import Usual

UNKNOWN_DAYS = 10
"""Working days after which a stage without history and without a target counts as stalled."""
_FAR = datetime.max.replace(tzinfo=UTC)


class Need(NamedTuple):
    """Something that needs somebody, as far as it is counted and put in order; ``row`` makes what is told of it."""

    kind: AttentionKind
    age_hours: float
    id: UUID
    step: str | None
    project: UUID | None
    row: Callable[[Beside], AttentionRow]


class Judged:
    """A card with its steps: those that are open, and those that are done and still ask for help."""

    def __init__(self, card: OpenCard, steps: Sequence[OpenStep], context: Context) -> None:
        self.card, self.context, self.judge = card, context, context.judge
        self.steps = [step for step in steps if step.state != "done"]
        self.helped = [step for step in steps if step.state == "done"]
        self.age = self.judge.worked_hours(card.progressed_at or card.started_at)
        self.age_shown = round(self.age, 1)

    @cached_property
    def usual(self) -> Usual | None:
        """How long this stage of its process usually takes."""
        return self.context.usual(self.card.process, self.card.stage) if self.card.process else None

    @property
    def limit_hours(self) -> float:
        """The working hours after which a stage takes longer than usual."""
        return self.usual.hours if self.usual is not None else UNKNOWN_DAYS * self.context.worked.day_hours

    @property
    def stopped(self) -> Stopped | None:
        """Where it stopped, if it did."""
        return self.context.stopped.get(self.card.card)

    def key(self, step: OpenStep) -> tuple[UUID, str]:
        """Which step of which run."""
        return self.card.card, step.step

    def next(self, stage: str) -> OpenStep | None:
        """Whose turn it is: required before optional, in this stage before elsewhere, by due."""
        return min(
            self.steps,
            key=lambda step: (not step.required, step.stage != stage, step.due_at or _FAR, step.step),
            default=None,
        )
