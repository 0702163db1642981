"""Incidents that no open step shows: of a digest, of a step that has ended, of the mail that told of a run's end."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from uuid import UUID

from projections.answers import AttentionRow
from projections.asking import Conn
from projections.attention.context import Context
from projections.attention.fixes import mend
from projections.attention.judged import Need
from projections.attention.open_cards import Beside
from projections.machine.action_queries import IncidentRow, loose_incidents
from projections.visible import Visible


def loose_needs(connection: Conn, project: UUID | None, context: Context, visible: Visible) -> Iterator[Need]:
    """As what needs somebody, in one project or in all, of what is ``visible``."""
    for one in loose_incidents(connection, project):
        if not visible.shows(one.run, one.project, one.process):
            continue
        age = round(context.judge.worked_hours(one.since), 1)
        yield Need("incident", age, one.run, one.step, one.project, partial(_row, one, age, context))


def _row(one: IncidentRow, age: float, context: Context, _beside: Beside) -> AttentionRow:
    name, _ = context.project(one.project)
    what = one.step_title or one.action.partition(":")[0].capitalize()
    said = f"{what}: Milepost cannot go on by itself ({one.problem.replace('_', ' ')})"
    fix = mend(one.run, str(one.incident), one.problem, bound=one.leads_to is not None)
    return AttentionRow(
        "incident", "run", one.run, one.name, one.project, name, one.process, one.step, one.step_title, said,
        one.assignee, one.since, None, "none", fix, None, age,
    )  # fmt: skip
