"""Answers about cards: the board of a project, its columns, its funnel."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Literal
from uuid import UUID

import orjson

from projections.answers.forecasts import ForecastFace

CardKind = Literal["run", "task"]


@dataclass(frozen=True, slots=True)
class Help:
    """Open help: what for, since when, on whom it waits and until when at the latest.

    What for, and on whom, is told to those who work with the run; to others both are null.
    """

    reason: str | None
    since: datetime | None
    waiting_on: str | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class StageDot:
    """One stage on a card, with the outcome its gate gave it; ``said`` is that in words: Approved by Dana, 12 Nov.

    ``target_at`` is when it is to be over, while it is not. ``waits``: it is blocked only because all that is open in
    it waits for work under way in other stages; nobody has to do anything about it.
    """

    key: str
    title: str
    state: str
    outcome: str | None = None
    entered_at: datetime | None = None
    ended_at: datetime | None = None
    outcome_by: str | None = None
    outcome_at: datetime | None = None
    said: str | None = None
    target_at: datetime | None = None
    waits: bool = False


class StageDots(tuple[StageDot, ...]):  # noqa: SLOT001 - a tuple with slots cannot keep anything
    """The stages of a card. They are kept from one look at a board to the next, and so is their JSON."""

    @cached_property
    def json(self) -> bytes:
        """As they stand in an answer."""
        return orjson.dumps(tuple(self))


@dataclass(frozen=True, slots=True)
class ShownElsewhere:
    """Somebody put a run's card into a stage that its steps do not give: which one they give, why, by whom, when."""

    steps_stage: str
    reason: str
    by: str | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Card:
    """A run or a task on a board: what a manager needs, never the value of a field.

    ``lowered`` says why progress is lower than it was; ``progressed_at`` when work on the run last got anywhere.
    ``stage_days`` are the working days since it entered its stage; ``usual_days`` what 85 of 100 runs took for that
    stage at most (null: too few have ended yet). ``target_at`` is for the stage ``target_stage`` (null: for the whole
    run), and open until ``target_reached_at``, when that stage was over. ``due_on`` is the day of a due that has no
    time of day; ``due_at`` the end of business on it.
    """

    id: UUID
    kind: CardKind
    name: str
    project: UUID | None
    stage: str
    state: str
    version: int
    rank: str | None = None
    priority: str = "none"
    process: str | None = None
    process_version: int | None = None
    stages: tuple[StageDot, ...] = ()
    progress: float | None = None
    next_action: str | None = None
    who: str | None = None
    due_at: datetime | None = None
    overdue: bool = False
    entered_stage_at: datetime | None = None
    also_in: tuple[str, ...] = ()
    help: Help | None = None
    blocked: str | None = None
    comments: int = 0
    labels: tuple[str, ...] = ()
    checklist_done: int = 0
    checklist_total: int = 0
    description: str = ""
    waits_for: tuple[UUID, ...] = ()
    outcome: str | None = None
    started_at: datetime | None = None
    target_at: datetime | None = None
    target_stage: str | None = None
    target_reached_at: datetime | None = None
    ended_at: datetime | None = None
    progressed_at: datetime | None = None
    lowered: tuple[str, ...] = ()
    override: ShownElsewhere | None = None
    forecast: ForecastFace | None = None
    stage_days: float | None = None
    usual_days: float | None = None
    due_on: date | None = None

    @property
    def open_target_at(self) -> datetime | None:
        """The target that is still to be met."""
        return None if self.ended_at is not None or self.target_reached_at is not None else self.target_at

    @property
    def aim(self) -> str | None:
        """What the target is for: a stage by its title; None for the whole run."""
        titles = {dot.key: dot.title for dot in self.stages}
        return None if self.target_stage is None else titles.get(self.target_stage, self.target_stage)


@dataclass(frozen=True, slots=True)
class BoardColumn:
    """One stage of a project with the cards that stand in it: of those shown ``count`` are open, ``ended`` are over.

    ``more`` have ended too and are not shown; ``hidden`` open ones stand behind those shown, from ``next_after`` on.
    ``total`` open cards stand in the column whatever is filtered; ``exceeded`` when that is more than the limit.
    """

    key: str
    title: str
    wip_limit: int | None
    count: int
    cards: tuple[Card, ...]
    more: int = 0
    ended: int = 0
    wip_hard: bool = False
    total: int = 0
    exceeded: bool = False
    hidden: int = 0
    next_after: int | None = None


@dataclass(frozen=True, slots=True)
class Lane:
    """A swimlane: the cards of one person, process or priority, from the left column to the right one."""

    key: str
    title: str
    count: int
    cards: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class FunnelStage:
    """How many runs ever reached a stage, stand in it now, and ended in it."""

    key: str
    title: str
    reached: int
    open: int
    completed: int = 0
    ended_early: int = 0
    cancelled: int = 0


@dataclass(frozen=True, slots=True)
class Funnel:
    """How far the runs of a project or process got: stages in order, then how the runs ended."""

    runs: int
    open: int
    stages: tuple[FunnelStage, ...]
    outcomes: dict[str, int]
    position: int
    as_of: datetime
    behind: int = 0


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who may see, work in or steer a project."""

    member: str
    access: str


@dataclass(frozen=True, slots=True)
class Board:
    """The board of a project: of each column a page of the open cards, and the newest of those that ended.

    Of all open cards that the filter lets through, ``overdue`` are past a due or a target of their own, ``due_soon``
    have the next one within seven days; the rest of the run's stages does not count here.
    """

    project: UUID
    name: str
    owner: str | None
    process: str | None
    state: str
    version: int
    members: tuple[Member, ...]
    columns: tuple[BoardColumn, ...]
    funnel: Funnel
    position: int
    as_of: datetime
    behind: int = 0
    lanes: tuple[Lane, ...] = ()
    overdue: int = 0
    due_soon: int = 0
