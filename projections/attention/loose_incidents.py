"""Incidents that no open step shows: of a digest, of a step that has ended, of the mail that told of a run's end."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from projections.answers import AttentionRow
from projections.asking import Conn
from projections.attention.context import Context
from projections.attention.fixes import mend
from projections.machine.action_queries import loose_incidents


def loose_rows(connection: Conn, project: UUID | None, context: Context) -> Iterator[AttentionRow]:
    """As rows of what needs attention, in one project or in all."""
    for one in loose_incidents(connection, project):
        name, _ = context.projects.get(one.project, (None, None)) if one.project else (None, None)
        what = one.step_title or one.action.partition(":")[0].capitalize()
        said = f"{what}: Milepost cannot go on by itself ({one.problem.replace('_', ' ')})"
        fix = mend(one.run, str(one.incident), one.problem, bound=one.leads_to is not None)
        age = context.judge.worked_hours(one.since)
        yield AttentionRow(
            "incident", "run", one.run, one.name, one.project, name, one.process, one.step, one.step_title, said,
            one.assignee, one.since, None, "none", fix, None, round(age, 1),
        )  # fmt: skip
