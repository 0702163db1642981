"""What needs somebody: the attention list, a person's inbox, home, and the list of projects."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.schedule import Calendar
from projections.answers import (
    Attention,
    AttentionRow,
    FunnelStage,
    Home,
    Inbox,
    InboxRow,
    ProjectRow,
    Projects,
)
from projections.asking import Conn, fresh, moment, rows
from projections.judging import WEEKDAYS
from projections.process_queries import processes

ACTIONS = {"overdue": "extend", "needs_help": "clear-help", "blocked": "unblock", "unassigned": "assign"}
WHY = {"overdue": "is overdue", "unassigned": "is nobody's work yet"}


def attention(
    connection: Conn, project: UUID | None = None, *, now: datetime | None = None, limit: int = 200
) -> Attention:
    """What needs somebody, in one project or in all: overdue, needs help, blocked, unassigned; the worst first."""
    current = fresh(connection, "attention", "board")
    found = rows(connection, "attention", project=project, now=moment(now), limit=limit)
    counts = {row[0]: row[14] for row in found}
    return Attention(tuple(_attention_row(row) for row in found), counts, *current)


def _attention_row(row: tuple[Any, ...]) -> AttentionRow:
    (
        kind,
        card_kind,
        id_,
        name,
        project,
        project_name,
        process,
        step,
        title,
        why,
        who,
        since,
        due_at,
        priority,
        _,
    ) = row
    action = "resume" if kind == "blocked" and card_kind == "run" else ACTIONS[kind]
    return AttentionRow(
        kind, card_kind, id_, name, project, project_name, process, step, title, why or WHY.get(kind, kind), who, since,
        due_at, priority, action,
    )  # fmt: skip


def inbox(
    connection: Conn,
    person: str,
    groups: Iterable[str] = (),
    *,
    now: datetime | None = None,
    end_of_today: datetime | None = None,
    calendar: Calendar | None = None,
    limit: int = 200,
) -> Inbox:
    """A person's ready work, and that of the groups they are in; ``end_of_today`` is theirs.

    ``groups`` are further ones; without ``end_of_today`` the next 24 hours are today.
    """
    current, at = fresh(connection, "inbox", "board", "people"), moment(now)
    found = rows(
        connection,
        "inbox",
        assignees=[person, *groups],
        now=at,
        today=end_of_today or at + timedelta(days=1),
        zone=str((calendar or WEEKDAYS).zone),
        limit=limit,
    )
    total, overdue = (found[0][17], found[0][18]) if found else (0, 0)
    work = tuple(InboxRow(*row[:17]) for row in found)
    return Inbox(person, work, total, overdue, *current, next=work[0] if work else None)


def projects(connection: Conn, *, now: datetime | None = None) -> Projects:
    """All projects with what is open and what needs attention, open ones first."""
    current = fresh(connection, "attention", "board")
    reached: dict[UUID, dict[str, tuple[int, int]]] = {}
    for project, stage, count, standing in rows(connection, "project_stages"):
        reached.setdefault(project, {})[stage] = count, standing
    found = rows(connection, "projects", now=moment(now))
    return Projects(tuple(_project_row(row, reached.get(row[0], {})) for row in found), *current)


def _project_row(row: tuple[Any, ...], reached: dict[str, tuple[int, int]]) -> ProjectRow:
    id_, name, state, owner, process, stages, opened_at, open_runs, open_tasks, ended_runs, needs = row
    funnel = tuple(
        FunnelStage(stage["key"], stage["title"], *reached.get(stage["key"], (0, 0))) for stage in stages
    )
    return ProjectRow(
        id_, name, state, owner, process, open_runs, open_tasks, ended_runs, needs, opened_at, funnel
    )  # fmt: skip


def home(
    connection: Conn,
    person: str,
    groups: Iterable[str] = (),
    *,
    now: datetime | None = None,
    calendar: Calendar | None = None,
) -> Home:
    """What a person sees first."""
    work = inbox(connection, person, groups, now=now, calendar=calendar, limit=20)
    needs = attention(connection, now=now, limit=20)
    all_projects = projects(connection, now=now)
    all_processes = processes(connection)
    return Home(
        person=person,
        inbox=work.rows,
        inbox_total=work.total,
        inbox_overdue=work.overdue,
        projects=all_projects.rows,
        processes=all_processes.rows,
        attention=needs.rows,
        attention_counts=needs.counts,
        position=min(work.position, needs.position, all_processes.position),
        as_of=min(work.as_of, needs.as_of, all_processes.as_of),
        behind=max(work.behind, needs.behind, all_processes.behind),
    )
