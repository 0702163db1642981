"""Answers about how the runs of a process really went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from projections.answers.cards import Funnel


@dataclass(frozen=True, slots=True)
class Quantiles:
    """A spread of numbers: percentiles with linear interpolation."""

    count: int
    minimum: float | None = None
    p10: float | None = None
    p50: float | None = None
    p85: float | None = None
    p90: float | None = None
    maximum: float | None = None
    mean: float | None = None


@dataclass(frozen=True, slots=True)
class DirectlyFollows:
    """How often one step's event directly followed another's in the same run."""

    source: str
    target: str
    count: int


@dataclass(frozen=True, slots=True)
class StepStats:
    """One step over all runs. Waiting is ready to started, work is started to done; hours on the clock.

    ``done`` counts completions with a start, ``without_start`` those without; ``unfinished`` are starts that no
    completion followed, ``not_started`` the times it was ready and nobody began.
    """

    key: str
    title: str
    stage: str
    events: int
    runs: int
    lifecycle: dict[str, int]
    rounds_max: int
    runs_with_rework: int
    wait_hours: Quantiles
    work_hours: Quantiles
    without_start: int
    unfinished: int
    not_started: int


@dataclass(frozen=True, slots=True)
class StageStats:
    """One stage over all runs: how many reached it, and how long they stood in it (hours on the clock)."""

    key: str
    title: str
    reached: int
    hours: Quantiles


@dataclass(frozen=True, slots=True)
class ProcessStats:
    """How the runs of a process, or of one of its versions, really went.

    An event here is a step that became ready, was started or was completed as an imported log tells it, or a step
    that was started or completed here. Test runs count nowhere. Steps are named by their keys; ``titles`` translates.
    """

    process: str
    version: int | None
    runs: int
    open_runs: int
    events: int
    activities: int
    activity_counts: dict[str, int]
    titles: dict[str, str]
    lifecycle: dict[str, int]
    starts: dict[str, int]
    ends: dict[str, int]
    variants: int
    top_variant_share: float
    case_hours: Quantiles
    events_per_case: Quantiles
    dfg_edges: int
    dfg: tuple[DirectlyFollows, ...]
    actors: int
    events_without_actor: int
    rework_runs: int
    handovers: int
    weekend_share: float
    first: datetime | None
    last: datetime | None
    busiest_day: date | None
    busiest_day_events: int
    busiest_minute_events: int
    peak_concurrent: int
    same_time_as_previous: int
    steps: tuple[StepStats, ...]
    stages: tuple[StageStats, ...]
    work_hours: Quantiles
    wait_hours: Quantiles
    outcomes: dict[str, int]
    funnel: Funnel
    position: int
    as_of: datetime
    behind: int = 0
