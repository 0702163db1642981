"""All queries of the read models: functions on a connection, each answer with the position that it reflects."""

from __future__ import annotations

from projections.asking import Fresh, NotFound, fresh
from projections.attention_queries import attention, project_name
from projections.board_queries import LaneKind, board, card, columns, funnel, last_rank
from projections.insights_queries import insights
from projections.past import AheadOfLog, Moment, at_instant, at_position
from projections.past_board import attention_then, board_then, standing_now
from projections.people_queries import group, groups, owner_deactivated, people, person
from projections.process_queries import process, process_version, processes
from projections.run_queries import definition_of, latest_history, run, run_history, runs
from projections.since_queries import monday, since
from projections.stats_queries import process_stats
from projections.why_queries import why
from projections.work_queries import home, inbox, projects
from projections.workload_queries import workload

card_run = card
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
    "card_run",
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
    "project_history",
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

project_history = run_history
"""The history of a project; streams of tasks and projects are kept like those of runs."""
