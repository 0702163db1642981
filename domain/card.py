"""A run as its project shows it, and what has to be known of its steps for that."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from domain.words import Assignee, RoleKey, StageKey, StepKey


class StepFact(Protocol):
    """What the roll-up reads of a step; ``ready_at`` and ``ended_at`` are those of its present round."""

    @property
    def state(self) -> str: ...  # noqa: D102 - a step state
    @property
    def due_at(self) -> datetime | None: ...  # noqa: D102
    @property
    def overdue(self) -> bool: ...  # noqa: D102 - recorded as overdue for its present due
    @property
    def help(self) -> object: ...  # noqa: D102 - true when help is asked for
    @property
    def ready_at(self) -> datetime | None: ...  # noqa: D102
    @property
    def ended_at(self) -> datetime | None: ...  # noqa: D102
    @property
    def assignee(self) -> str | None: ...  # noqa: D102
    @property
    def outcome(self) -> str | None: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Fact:
    """A plain StepFact."""

    state: str
    due_at: datetime | None = None
    overdue: bool = False
    help: bool = False
    ready_at: datetime | None = None
    ended_at: datetime | None = None
    assignee: Assignee | None = None
    outcome: str | None = None
    round: int = 1


class StageFact(NamedTuple):
    """One stage of a card. ``outcome_step`` gave the outcome; ``active`` while a step can be worked on."""

    key: StageKey
    title: str
    state: str
    outcome: str | None
    outcome_step: StepKey | None
    done_weight: float
    applicable_weight: float
    entered: bool
    entered_at: datetime | None
    ended_at: datetime | None
    unfinished: bool
    active: bool
    late_at: datetime | None
    blocked_at: datetime | None
    help: tuple[StepKey, ...]


class NextAction(NamedTuple):
    """What is to be done next on a run, and by whom (``who`` is None while only the role is known)."""

    step: StepKey
    title: str
    stage: StageKey
    who: str | None
    role: RoleKey | None
    due_at: datetime | None


class Card(NamedTuple):
    """A run as its project shows it. ``late_at`` and ``blocked_at`` are for `state_at`."""

    current_stage: StageKey
    overridden: bool
    state: str
    progress: float
    stages: tuple[StageFact, ...]
    next_action: NextAction | None
    next_due_at: datetime | None
    late_at: datetime | None
    blocked_at: datetime | None
    entered_stage_at: datetime | None
    also_in: tuple[StageKey, ...]
    help: tuple[StepKey, ...]
    waiting_for: tuple[StepKey, ...]

    @property
    def percent(self) -> int:
        """Progress in whole percent, rounded down: 100 only when nothing is left."""
        return int(self.progress * 100)
