"""Answers about what there is to learn from how the runs of a process went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Spread:
    """Hours on the clock: the median and the 85th percentile, linearly interpolated; ``count`` values went in."""

    count: int = 0
    p50: float | None = None
    p85: float | None = None


@dataclass(frozen=True, slots=True)
class VersionInsight:
    """The runs of one version (None: of all that the answer is about).

    ``cycle_hours`` are those of runs that were completed or ended early; ``on_time`` of ``with_target`` such runs
    ended by their target. ``again``: something was done more than once. The three ends and the open runs add up to
    ``runs``.
    """

    version: int | None
    runs: int
    open: int
    completed: int
    ended_early: int
    cancelled: int
    cycle_hours: Spread
    cycle_hours_mean: float | None
    with_target: int
    on_time: int
    again: int


@dataclass(frozen=True, slots=True)
class StepInsight:
    """One step over all rounds that were completed.

    Waiting is from ready to begun, working from begun to done, the cycle from ready (else begun) to done; what was not
    recorded counts in none of them. ``on_time`` of ``with_due`` rounds were done by their due. ``ends`` says how many
    runs have the step in each state; its counts add up to the runs.
    """

    key: str
    title: str
    stage: str
    runs: int
    rounds: int
    waiting_hours: Spread
    working_hours: Spread
    cycle_hours: Spread
    waiting_hours_sum: float
    working_hours_sum: float
    with_due: int
    on_time: int
    ends: dict[str, int]


@dataclass(frozen=True, slots=True)
class ApprovalInsight:
    """An approval: ``at_first`` of ``judged`` runs were approved without a refusal before; refusals in all, at most."""

    key: str
    title: str
    judged: int
    at_first: int
    refusals: int
    refusals_max: int


@dataclass(frozen=True, slots=True)
class Loop:
    """How often one step sent work back to another, and in how many runs. ``source`` is None: a person reopened it."""

    source: str | None
    target: str
    times: int
    runs: int


@dataclass(frozen=True, slots=True)
class Sitting:
    """Where open runs are: how many can be worked on at this step, since when at the longest, and for how long."""

    key: str
    title: str
    runs: int
    since: datetime | None
    hours: Spread


@dataclass(frozen=True, slots=True)
class Oddity:
    """Something that went another way than the process says, at a step (None: at the run as a whole)."""

    kind: str
    step: str | None
    times: int
    runs: int


@dataclass(frozen=True, slots=True)
class Insights:
    """What the runs of a process teach: for all, for each version, for each step. Test runs count nowhere.

    ``resting`` open runs have no step that anybody can work on; ``conforming`` runs have none of the oddities skipped,
    set_aside, by_hand, out_of_order and stage_overridden. ``titles`` names the steps by their keys.
    """

    process: str
    version: int | None
    titles: dict[str, str]
    whole: VersionInsight
    versions: tuple[VersionInsight, ...]
    steps: tuple[StepInsight, ...]
    approvals: tuple[ApprovalInsight, ...]
    first_pass: float | None
    loops: tuple[Loop, ...]
    sitting: tuple[Sitting, ...]
    resting: int
    oddities: tuple[Oddity, ...]
    conforming: int
    position: int
    as_of: datetime
    behind: int = 0
