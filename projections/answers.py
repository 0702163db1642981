"""Every answer that the read models give, as plain values for HTTP, pages and the command line.

All instants are aware UTC. ``position`` is the log position that an answer reflects, ``as_of`` the instant at which
it was true (now, when nothing is waiting) and ``behind`` the number of events still to be applied.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

CardKind = Literal["run", "task"]
AttentionKind = Literal["overdue", "blocked", "needs_help", "unassigned"]


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
class Help:
    """Open help: what for, since when, on whom it waits and until when at the latest."""

    reason: str
    since: datetime | None
    waiting_on: str | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class StageDot:
    """One stage on a card, with the outcome its gate gave it."""

    key: str
    title: str
    state: str
    outcome: str | None = None
    entered_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """A run or a task on a board: what a manager needs, never the value of a field."""

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
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class BoardColumn:
    """One stage of a project with the cards that stand in it; ``count`` is the number of open cards, for the limit."""

    key: str
    title: str
    wip_limit: int | None
    count: int
    cards: tuple[Card, ...]
    more: int = 0


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
    """The board of a project. Ended cards beyond the newest few of a column are only counted (``more``)."""

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


@dataclass(frozen=True, slots=True)
class WaitsFor:
    """A step that a locked step waits for: whose it is and when it is due."""

    step: str
    title: str
    who: str | None
    due_at: datetime | None
    state: str


@dataclass(frozen=True, slots=True)
class StepView:
    """One step of a run as a doer sees it: its state, its people and times, its values, and its form."""

    key: str
    title: str
    kind: str
    stage: str
    role: str | None
    required: bool
    state: str
    round: int
    assignee: str | None = None
    by: str | None = None
    ready_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    due_at: datetime | None = None
    due_source: str | None = None
    due_moves: int = 0
    overdue: bool = False
    waits_for: tuple[WaitsFor, ...] = ()
    outcome: str | None = None
    values: dict[str, Any] | None = None
    help: Help | None = None
    reason: str | None = None
    questioned: bool = False
    approvals: int = 0
    comments: int = 0
    instructions: str = ""
    gate: bool = False
    fields: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class StageView:
    """One stage of a run with its steps."""

    key: str
    title: str
    state: str
    outcome: str | None
    steps: tuple[StepView, ...]
    entered_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RunView:
    """One run as its participants see it, every step by stage."""

    id: UUID
    name: str
    process: str
    process_title: str
    version: int
    state: str
    stage: str | None
    progress: float | None
    stages: tuple[StageView, ...]
    inputs: dict[str, Any]
    roles: dict[str, str]
    project: UUID | None
    priority: str
    target_at: datetime | None
    outcome: str | None
    started_at: datetime
    ended_at: datetime | None
    started_by: str | None
    subject: str | None
    reason: str | None
    test: bool
    stream_version: int
    position: int
    as_of: datetime
    behind: int = 0


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One event of a run (or project, or task), as it was recorded."""

    position: int
    version: int
    type: str
    occurred_at: datetime
    recorded_at: datetime
    by: str | None
    step: str | None
    round: int | None
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class History:
    """A page of a history, oldest first; ``next_after`` asks for the following page (None: this was the last)."""

    entries: tuple[HistoryEntry, ...]
    next_after: int | None
    position: int
    as_of: datetime
    behind: int = 0


@dataclass(frozen=True, slots=True)
class AttentionRow:
    """One thing that needs somebody: what, why, who, since when, and the one action (a verb) that fixes it."""

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
    action: str


@dataclass(frozen=True, slots=True)
class Attention:
    """What needs attention, worst first; ``counts`` by kind cover also the rows beyond the page."""

    rows: tuple[AttentionRow, ...]
    counts: dict[str, int]
    position: int
    as_of: datetime
    behind: int = 0


@dataclass(frozen=True, slots=True)
class InboxRow:
    """One piece of ready work: a step of a run or a task."""

    kind: Literal["step", "task"]
    id: UUID
    step: str | None
    title: str
    name: str
    process: str | None
    project: UUID | None
    project_name: str | None
    stage: str | None
    state: str
    assignee: str
    due_at: datetime | None
    overdue: bool
    priority: str
    ready_at: datetime | None
    step_kind: str | None = None


@dataclass(frozen=True, slots=True)
class Inbox:
    """A person's ready work: overdue first (oldest due first), then today, then undated, then upcoming."""

    person: str
    rows: tuple[InboxRow, ...]
    total: int
    overdue: int
    position: int
    as_of: datetime
    behind: int = 0


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run in a list."""

    id: UUID
    name: str
    process: str
    process_version: int
    project: UUID | None
    state: str
    stage: str | None
    card_state: str
    progress: float | None
    priority: str
    next_action: str | None
    who: str | None
    due_at: datetime | None
    overdue: bool
    outcome: str | None
    started_at: datetime
    ended_at: datetime | None
    target_at: datetime | None
    stream_version: int


@dataclass(frozen=True, slots=True)
class Runs:
    """A page of runs, newest first; ``next_after`` asks for the following page."""

    rows: tuple[RunRow, ...]
    next_after: UUID | None
    position: int
    as_of: datetime
    behind: int = 0


@dataclass(frozen=True, slots=True)
class ProjectRow:
    """One project in a list: open cards, what needs attention, how many runs ended."""

    id: UUID
    name: str
    state: str
    owner: str | None
    process: str | None
    open_runs: int
    open_tasks: int
    ended_runs: int
    attention: int
    opened_at: datetime
    stages: tuple[FunnelStage, ...] = ()


@dataclass(frozen=True, slots=True)
class Projects:
    """All projects, open ones first, by name."""

    rows: tuple[ProjectRow, ...]
    position: int
    as_of: datetime
    behind: int = 0


@dataclass(frozen=True, slots=True)
class ProcessRow:
    """One process in a list."""

    key: str
    title: str
    owner: str
    version: int | None
    versions: int
    state: Literal["draft", "published", "retired"]
    stages: int
    steps: int
    open_runs: int
    ended_runs: int
    has_draft: bool
    stream_version: int
    published_at: datetime | None


@dataclass(frozen=True, slots=True)
class Processes:
    """All processes by title."""

    rows: tuple[ProcessRow, ...]
    position: int
    as_of: datetime
    behind: int = 0


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One published version of a process; ``document`` is what its author wrote."""

    process: str
    version: int
    title: str
    note: str
    published_at: datetime
    published_by: str | None
    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ProcessView:
    """A process with its draft, if it has one, and its versions, newest first."""

    key: str
    title: str
    state: Literal["draft", "published", "retired"]
    draft: dict[str, Any] | None
    versions: tuple[VersionRow, ...]
    stream_version: int
    position: int
    as_of: datetime
    behind: int = 0


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


@dataclass(frozen=True, slots=True)
class Home:
    """What a person sees first: their work, their projects, the processes, what needs attention."""

    person: str
    inbox: tuple[InboxRow, ...]
    inbox_total: int
    inbox_overdue: int
    projects: tuple[ProjectRow, ...]
    processes: tuple[ProcessRow, ...]
    attention: tuple[AttentionRow, ...]
    attention_counts: dict[str, int]
    position: int
    as_of: datetime
    behind: int = 0
