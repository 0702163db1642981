"""All queries of the read models: functions on a connection, each answer with the position that it reflects."""

from __future__ import annotations

from projections.asking import Fresh, NotFound, fresh
from projections.attention.queries import attention, project_name
from projections.board.funnel import funnel
from projections.board.queries import LaneKind, board, card, columns, last_rank
from projections.past.board import attention_then, board_then, standing_now
from projections.past.moment import AheadOfLog, Moment, at_instant, at_position
from projections.past.since import monday, since
from projections.past.why import why
from projections.people.queries import group, groups, owner_deactivated, people, person
from projections.process.insight_queries import insights
from projections.process.queries import process, process_version, processes
from projections.process.statistics_queries import process_stats
from projections.run.queries import definition_of, latest_history, run, run_history, runs
from projections.work.queries import home, inbox, projects
from projections.work.workload_queries import workload

"""The card of a run."""

__all__ = [
    "AheadOfLog",
    "Fresh",
    "LaneKind",
    "Moment",
    "NotFound",
    "at_instant",
    "at_position",
    "attention",
    "attention_then",
    "board",
    "board_then",
    "card",
    "columns",
    "definition_of",
    "fresh",
    "funnel",
    "group",
    "groups",
    "home",
    "inbox",
    "insights",
    "last_rank",
    "latest_history",
    "monday",
    "owner_deactivated",
    "people",
    "person",
    "process",
    "process_stats",
    "process_version",
    "processes",
    "project_name",
    "projects",
    "run",
    "run_history",
    "runs",
    "since",
    "standing_now",
    "why",
    "workload",
]

"""The history of a project; streams of tasks and projects are kept like those of runs."""
