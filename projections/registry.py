"""All read models."""

from __future__ import annotations

from projections.actions import ACTIONS
from projections.alarms import ALARMS
from projections.attention import ATTENTION_LIST
from projections.board import BOARD
from projections.inbox import INBOX
from projections.insights import INSIGHTS
from projections.people import PEOPLE
from projections.process_stats import PROCESS_STATS
from projections.projection import Projection
from projections.recurrences import RECURRENCES
from projections.reopenings import REOPENINGS
from projections.run_history import RUN_HISTORY
from projections.run_steps import RUN_STEPS
from projections.tasks import TASKS
from projections.views import VIEWS

PROJECTIONS: tuple[Projection, ...] = (
    RUN_STEPS,
    RUN_HISTORY,
    BOARD,
    ATTENTION_LIST,
    INBOX,
    PROCESS_STATS,
    INSIGHTS,
    RECURRENCES,
    ALARMS,
    TASKS,
    PEOPLE,
    ACTIONS,
    REOPENINGS,
    VIEWS,
)
"""In the order in which they are written."""

BY_NAME: dict[str, Projection] = {projection.name: projection for projection in PROJECTIONS}
