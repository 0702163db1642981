"""What a person has to do: their inbox, home, and the list of projects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.schedule import Calendar
from projections.answers import (
    FunnelStage,
    Home,
    Inbox,
    InboxRow,
    ProjectRow,
    Projects,
)
from projections.asking import Conn, Fresh, fresh, moment, rows
from projections.attention.queries import everything, known_beside, page_of
from projections.board.funnel import by_column
from projections.cards.judging import WEEKDAYS, judge
from projections.cards.tallies import (
    Tally,
    by_stage,
    ended_runs,
    open_runs,
    open_tasks,
    reached,
    tallies,
    total,
)
from projections.paging import ALL, Page, counted, left
from projections.process.queries import processes_counted
from projections.visible import EVERYTHING, Visible

_SHOWN, _AT_HOME = Page(200), Page(20)


def inbox(  # noqa: PLR0913 - whose, how many, for whom, as of when
    connection: Conn,
    person: str,
    groups: Iterable[str] = (),
    *,
    now: datetime | None = None,
    end_of_today: datetime | None = None,
    calendar: Calendar | None = None,
    page: Page = _SHOWN,
    due: tuple[datetime, datetime] | None = None,
    visible: Visible = EVERYTHING,
) -> Inbox:
    """A page of a person's ready work, and that of the groups they are in; ``end_of_today`` is theirs.

    ``groups`` are further ones; without ``end_of_today`` the next 24 hours are today. ``due``: only what is due from
    one instant until before another. ``visible``: what the reader of somebody else's sees; one's own is there whole.
    """
    current, at = fresh(connection, "inbox", "board", "people"), moment(now)
    known = calendar or WEEKDAYS
    asked: dict[str, Any] = {
        "assignees": [person, *groups], "now": at, "today": end_of_today or at + timedelta(days=1),
        "zone": str(known.zone), "closes": known.closes, "begin": due and due[0], "end": due and due[1],
        **visible.asked,
    }  # fmt: skip
    found = rows(connection, "inbox", **asked, limit=page.limit, after=page.after)
    counted = found or (rows(connection, "inbox", **asked, limit=1, after=0) if page.after else [])
    total, overdue = (counted[0][20], counted[0][21]) if counted else (0, 0)
    work = tuple(InboxRow(*row[:20]) for row in found)
    first = work[0] if work and not page.after else None
    return Inbox(person, work, total, overdue, *current, first, *left(total, page, len(work)))


def projects(
    connection: Conn,
    *,
    visible: Visible,
    now: datetime | None = None,
    calendar: Calendar | None = None,
    page: Page = ALL,
) -> Projects:
    """The projects that are ``visible`` with what is open and what needs attention, open ones first."""
    current = fresh(connection, "attention", "board")
    found = everything(connection, None, judge(now, calendar), visible=visible)
    counts = Counter(need.project for need in found if need.project is not None)
    return _projects(connection, counts, tallies(connection), current, page, visible=visible)


def _projects(
    connection: Conn,
    attention: Mapping[UUID, int],
    cards: Iterable[Tally],
    current: Fresh,
    page: Page = ALL,
    *,
    visible: Visible,
) -> Projects:
    standing: dict[UUID | None, list[Tally]] = {}
    for each in cards:
        standing.setdefault(each.project, []).append(each)
    shown, after_these = counted(rows(connection, "projects", **page._asdict(), **visible.asked), page)
    found = tuple(_project_row(row, standing.get(row[0], []), attention.get(row[0], 0)) for row in shown)
    return Projects(found, *current, *after_these)


def _project_row(row: tuple[Any, ...], cards: Sequence[Tally], needs: int) -> ProjectRow:
    id_, name, state, owner, process, stages, opened_at = row
    standing = by_column(by_stage(cards, open_runs), [stage["key"] for stage in stages])
    came = reached(cards)
    funnel = tuple(
        FunnelStage(stage["key"], stage["title"], came[stage["key"]], standing.get(stage["key"], 0))
        for stage in stages
    )
    return ProjectRow(
        id_, name, state, owner, process, total(cards, open_runs), total(cards, open_tasks),
        total(cards, ended_runs), needs, opened_at, funnel,
    )  # fmt: skip


def home(
    connection: Conn,
    person: str,
    groups: Iterable[str] = (),
    *,
    now: datetime | None = None,
    calendar: Calendar | None = None,
    texts: bool = False,
    visible: Visible,
    own: bool = True,
) -> Home:
    """What a person sees first, of what is ``visible``; their work whole, where it is the reader's ``own``."""
    work = inbox(
        connection, person, groups, now=now, calendar=calendar, page=_AT_HOME,
        visible=EVERYTHING if own else visible,
    )  # fmt: skip
    current = fresh(connection, "attention", "board")
    by = judge(now, calendar)
    found = everything(connection, None, by, texts=texts, visible=visible)
    needs = page_of(found, current, _AT_HOME, known_beside(connection))
    counts = Counter(need.project for need in found if need.project is not None)
    of_processes = fresh(connection, "process_stats", "board")
    cards = tallies(connection)
    all_projects = _projects(connection, counts, cards, current, visible=visible)
    all_processes = processes_counted(connection, cards, of_processes)
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
