"""The board of a project, single cards, and the funnel of stages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.rollup import state_at
from projections.answers import Board, BoardColumn, Card, Funnel, FunnelStage, Help, Member, StageDot
from projections.asking import CARD_COLUMNS, Conn, Fresh, NotFound, fresh, moment, rows
from projections.fold import instant

ENDED_SHOWN = 20
"""How many ended cards a column shows; the others are counted."""


def board(connection: Conn, project: UUID, *, now: datetime | None = None, ended: int = ENDED_SHOWN) -> Board:
    """The board of a project: its columns with all open cards and the newest ``ended`` ones. Raises NotFound."""
    at, current = moment(now), fresh(connection, "board")
    found = rows(connection, "project", project=project)
    if not found:
        raise NotFound("project", project)
    _, name, state, owner, process, stages, members, _, version = found[0]
    cards = [_card(row, at) for row in rows(connection, "cards", project=project, ended=ended)]
    return Board(
        project=project,
        name=name,
        owner=owner,
        process=process,
        state=state,
        version=version,
        members=tuple(Member(each["member"], each["access"]) for each in members),
        columns=_columns(stages, cards, dict(rows(connection, "ended_counts", project=project))),
        funnel=_funnel(
            connection, "project", project, [(stage["key"], stage["title"]) for stage in stages], current
        ),
        position=current.position,
        as_of=current.as_of,
        behind=current.behind,
    )


def card(connection: Conn, card_id: UUID, *, now: datetime | None = None) -> Card:
    """The card of one run or task. Raises NotFound."""
    found = rows(connection, "card", card=card_id)
    if not found:
        raise NotFound("card", card_id)
    return _card(found[0], moment(now))


def funnel(connection: Conn, of: UUID | str) -> Funnel:
    """How far runs got: those of a project (its id) or of a process (its key). Raises NotFound."""
    current = fresh(connection, "board")
    if isinstance(of, UUID):
        found = rows(connection, "project", project=of)
        if not found:
            raise NotFound("project", of)
        return _funnel(
            connection, "project", of, [(stage["key"], stage["title"]) for stage in found[0][5]], current
        )
    versions = rows(connection, "process_versions", process=of)
    if not versions:
        raise NotFound("process", of)
    stages = [(stage["key"], stage["title"]) for stage in versions[0][6]["stages"]]
    return _funnel(connection, "process", of, stages, current)


def _funnel(
    connection: Conn, scope: str, of: UUID | str, stages: Sequence[tuple[str, str]], current: Fresh
) -> Funnel:
    reached = {
        stage: count for stage, count, _ in rows(connection, f"funnel_reached_of_{scope}", **{scope: of})
    }
    standing: dict[tuple[str, str], int] = {
        (stage, life): count
        for stage, life, count in rows(connection, f"funnel_standing_of_{scope}", **{scope: of})
    }
    open_runs = sum(count for (_, life), count in standing.items() if life in {"running", "paused"})
    return Funnel(
        runs=sum(standing.values()),
        open=open_runs,
        stages=tuple(
            FunnelStage(
                key,
                title,
                reached.get(key, 0),
                standing.get((key, "running"), 0) + standing.get((key, "paused"), 0),
                standing.get((key, "completed"), 0),
                standing.get((key, "ended_early"), 0),
                standing.get((key, "cancelled"), 0),
            )
            for key, title in stages
        ),
        outcomes=dict(rows(connection, f"funnel_outcomes_of_{scope}", **{scope: of})),
        position=current.position,
        as_of=current.as_of,
        behind=current.behind,
    )


def _columns(
    stages: Sequence[Mapping[str, Any]], cards: Sequence[Card], ended: dict[str, int]
) -> tuple[BoardColumn, ...]:
    """Cards of a stage that the board has no column for stand in the first column."""
    known = {stage["key"] for stage in stages}
    first = stages[0]["key"] if stages else ""
    by_column: dict[str, list[Card]] = {stage["key"]: [] for stage in stages}
    left = {stage["key"]: 0 for stage in stages}
    for each in cards:
        by_column.setdefault(each.stage if each.stage in known else first, []).append(each)
    for stage, count in ended.items():
        left[stage if stage in known else first] = left.get(stage if stage in known else first, 0) + count
    return tuple(_column(stage, by_column[stage["key"]], left[stage["key"]]) for stage in stages)


def _column(stage: Mapping[str, Any], cards: list[Card], ended: int) -> BoardColumn:
    cards.sort(key=_place)
    shown = [each for each in cards if each.ended_at is not None]
    return BoardColumn(
        key=stage["key"],
        title=stage["title"],
        wip_limit=stage.get("wip_limit"),
        count=len(cards) - len(shown),
        cards=tuple(cards),
        more=ended - len(shown),
    )


def _place(each: Card) -> tuple[bool, bool, str, float, str]:
    """Open before ended; by rank, cards without one after those with one; older first, the newest ended first."""
    if each.ended_at is not None:
        return True, False, "", -each.ended_at.timestamp(), str(each.id)
    since = each.started_at.timestamp() if each.started_at else 0.0
    return False, each.rank is None, each.rank or "", since, str(each.id)


def _card(row: Sequence[Any], now: datetime) -> Card:
    values = dict(zip(CARD_COLUMNS, row, strict=False))
    due_at = values["due_at"]
    return Card(
        id=values["card"],
        kind=values["kind"],
        name=values["name"],
        project=values["project"],
        stage=values["stage"],
        state=state_at(values["state"], now, late_at=values["late_at"], blocked_at=values["blocked_at"]),
        version=values["version"],
        rank=values["rank"],
        priority=values["priority"],
        process=values["process"],
        process_version=values["process_version"],
        stages=tuple(_dot(dot, now) for dot in values["stages"] or ()),
        progress=values["progress"],
        next_action=values["next_action"],
        who=values["who"],
        due_at=due_at,
        overdue=due_at is not None and values["ended_at"] is None and due_at < now,
        entered_stage_at=values["entered_stage_at"],
        also_in=tuple(values["also_in"]),
        help=help_of(values["help"]),
        blocked=values["blocked"],
        comments=values["comments"],
        labels=tuple(values["labels"]),
        checklist_done=values["checklist_done"],
        checklist_total=values["checklist_total"],
        description=values["description"],
        waits_for=tuple(values["waits_for"]),
        outcome=values["outcome"],
        started_at=values["started_at"],
        target_at=values["target_at"],
        ended_at=values["ended_at"],
    )


def _dot(dot: Mapping[str, Any], now: datetime) -> StageDot:
    state = state_at(
        dot["state"], now, late_at=instant(dot["late_at"]), blocked_at=instant(dot["blocked_at"])
    )
    return StageDot(
        dot["key"], dot["title"], state, dot["outcome"], instant(dot["entered_at"]), instant(dot["ended_at"])
    )


def help_of(stored: Mapping[str, Any] | None) -> Help | None:
    """Open help from how a row holds it."""
    if stored is None:
        return None
    return Help(stored["reason"], instant(stored["since"]), stored["waiting_on"], instant(stored["until"]))
