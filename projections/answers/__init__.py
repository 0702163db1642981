"""Every answer that the read models give, as plain values for HTTP, pages and the command line.

All instants are aware UTC. ``position`` is the log position that an answer reflects, ``as_of`` the instant at which
it was true (now, when nothing is waiting) and ``behind`` the number of events still to be applied.
"""

from __future__ import annotations

from projections.answers.cards import (
    Board,
    BoardColumn,
    Card,
    CardKind,
    Funnel,
    FunnelStage,
    Help,
    Lane,
    Member,
    ShownElsewhere,
    StageDot,
)
from projections.answers.people import (
    GroupMember,
    GroupRow,
    Groups,
    GroupView,
    OwnerGone,
    People,
    PersonRow,
    PersonView,
)
from projections.answers.runs import (
    History,
    HistoryEntry,
    RunRow,
    Runs,
    RunView,
    StageView,
    StepView,
    WaitsFor,
)
from projections.answers.statistics import (
    DirectlyFollows,
    ProcessStats,
    Quantiles,
    StageStats,
    StepStats,
)
from projections.answers.work import (
    Attention,
    AttentionKind,
    AttentionRow,
    Home,
    Inbox,
    InboxRow,
    Processes,
    ProcessRow,
    ProcessView,
    ProjectRow,
    Projects,
    VersionRow,
)

__all__ = [
    "Attention",
    "AttentionKind",
    "AttentionRow",
    "Board",
    "BoardColumn",
    "Card",
    "CardKind",
    "DirectlyFollows",
    "Funnel",
    "FunnelStage",
    "GroupMember",
    "GroupRow",
    "GroupView",
    "Groups",
    "Help",
    "History",
    "HistoryEntry",
    "Home",
    "Inbox",
    "InboxRow",
    "Lane",
    "Member",
    "OwnerGone",
    "People",
    "PersonRow",
    "PersonView",
    "ProcessRow",
    "ProcessStats",
    "ProcessView",
    "Processes",
    "ProjectRow",
    "Projects",
    "Quantiles",
    "RunRow",
    "RunView",
    "Runs",
    "ShownElsewhere",
    "StageDot",
    "StageStats",
    "StageView",
    "StepStats",
    "StepView",
    "VersionRow",
    "WaitsFor",
]
