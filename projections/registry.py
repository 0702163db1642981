"""All read models."""

from __future__ import annotations

from projections.attention.rows import ATTENTION_LIST
from projections.board.rows import BOARD
from projections.board.task_rows import TASKS
from projections.engine.projection import Projection
from projections.lists.saved_views import VIEWS
from projections.machine.action_rows import ACTIONS
from projections.machine.alarm_rows import ALARMS
from projections.machine.recurrence_rows import RECURRENCES
from projections.machine.reopening_rows import REOPENINGS
from projections.people.rows import PEOPLE
from projections.process.insight_rows import INSIGHTS
from projections.process.rows import PROCESS_STATS
from projections.run.history_rows import RUN_HISTORY
from projections.run.rows import RUN_STEPS
from projections.work.rows import INBOX

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
