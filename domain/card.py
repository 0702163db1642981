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
    @property
    def by(self) -> str | None: ...  # noqa: D102 - who ended it
    @property
    def round(self) -> int: ...  # noqa: D102
    @property
    def joined(self) -> bool: ...  # noqa: D102 - it was set aside, and takes part again
    @property
    def incident(self) -> object: ...  # noqa: D102 - true when its machine needs somebody


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
    by: str | None = None
    round: int = 1
    joined: bool = False
    incident: bool = False


class Override(NamedTuple):
    """Somebody put the card elsewhere: it holds until the steps give another than ``from_stage`` (None: always)."""

    stage: StageKey
    from_stage: StageKey | None = None


class StageFact(NamedTuple):
    """One stage of a card. ``outcome_step`` gave the outcome; ``active`` while a step can be worked on.

    ``lowered`` says why there is more left to do than there was; ``target_days`` are working days from the run's start.
    """

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
    outcome_by: str | None = None
    outcome_at: datetime | None = None
    target_days: float | None = None
    lowered: tuple[str, ...] = ()


class NextAction(NamedTuple):
    """What is to be done next on a run, and by whom (``who`` is None while only the role is known)."""

    step: StepKey
    title: str
    stage: StageKey
    who: str | None
    role: RoleKey | None
    due_at: datetime | None


class Card(NamedTuple):
    """A run as its project shows it. ``late_at`` and ``blocked_at`` are for `state_at`.

    ``steps_stage`` is the stage that the steps give, also while an override shows the card elsewhere; ``lowered`` says
    why progress is lower than it was ("Training was reopened").
    """

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
    steps_stage: StageKey
    lowered: tuple[str, ...]

    @property
    def percent(self) -> int:
        """Progress in whole percent, rounded down: 100 only when nothing is left."""
        return int(self.progress * 100)
