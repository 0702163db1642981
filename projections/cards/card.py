"""From a row of the board to the card that an answer holds, as it stands at the moment of asking."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from domain.rollup import TIMELESS, state_at
from projections.answers import Card, CardKind, Help, ShownElsewhere
from projections.cards.judging import Judge
from projections.cards.row import CardRow, Timed
from projections.cards.stages import judged, stages_of
from projections.engine.fold import instant


def card_of(row: CardRow, judge: Judge) -> Card:
    """The card that a row is at the judge's moment."""
    ended = row.ended_at is not None
    due_at = due_of(row, judge)
    stages = stages_of(row.stages, row.started_at, judge, ended=ended)
    face = judge.faces.get(row.card)
    return Card(  # by their places: boards and lists make thousands
        row.card,
        cast("CardKind", row.kind),
        row.name,
        row.project,
        row.stage,
        _state(row, stages.target_at, judge, due_at if row.due_on else None),
        row.version,
        row.rank,
        row.priority,
        row.process,
        row.process_version,
        judged(stages, judge.now, () if face is None else face.stages_at_risk),
        row.progress,
        row.next_action,
        row.who,
        due_at,
        due_at is not None and not ended and due_at < judge.now,
        row.entered_stage_at,
        tuple(row.also_in),
        help_of(row.help),
        row.blocked,
        row.comments,
        tuple(row.labels),
        row.checklist_done,
        row.checklist_total,
        row.description,
        tuple(row.waits_for),
        row.outcome,
        row.started_at,
        row.target_at,
        row.target_stage,
        row.target_reached_at,
        row.ended_at,
        row.progressed_at,
        tuple(row.lowered),
        _elsewhere(row.override),
        face,
        None if ended or row.entered_stage_at is None else judge.worked_days(row.entered_stage_at),
        None if ended else judge.usual_days(row.process, row.stage),
        row.due_on,
    )


def due_of(row: Timed, judge: Judge) -> datetime | None:
    """When a card is due: a day without a time is over at the end of business."""
    return row.due_at if row.due_on is None else judge.end_of(row.due_on)


def state_of(row: Timed, judge: Judge) -> str:
    """The state alone that the card of a row has at the judge's moment."""
    if row.state in TIMELESS and not (row.kind == "task" and row.life == "cancelled"):
        return row.state
    stages = stages_of(row.stages, row.started_at, judge, ended=row.ended_at is not None)
    return _state(row, stages.target_at, judge, None if row.due_on is None else judge.end_of(row.due_on))


def _state(row: Timed, target_at: datetime | None, judge: Judge, day_over: datetime | None) -> str:
    if row.kind == "task" and row.life == "cancelled":
        return "cancelled"
    if row.state in TIMELESS or row.ended_at is not None:
        return row.state
    return state_at(
        row.state,
        judge.now,
        late_at=row.late_at or day_over,
        blocked_at=row.blocked_at,
        target_at=target_at,
        at_risk=row.card in judge.at_risk,
    )


def _elsewhere(stored: Mapping[str, Any] | None) -> ShownElsewhere | None:
    if stored is None:
        return None
    return ShownElsewhere(stored["steps_stage"], stored["reason"], stored["by"], instant(stored["at"]))


def help_of(stored: Mapping[str, Any] | None) -> Help | None:
    """Open help from how a row holds it; a card of a run holds only that there is some, and since when."""
    if stored is None:
        return None
    return Help(
        stored.get("reason"), instant(stored["since"]), stored.get("waiting_on"), instant(stored["until"])
    )


def place_of(each: Card) -> tuple[bool, bool, str, float, str]:
    """Open before ended; by rank, cards without one after those with one; older first, the newest ended first."""
    if each.ended_at is not None:
        return True, False, "", -each.ended_at.timestamp(), str(each.id)
    since = each.started_at.timestamp() if each.started_at else 0.0
    return False, each.rank is None, each.rank or "", since, str(each.id)
