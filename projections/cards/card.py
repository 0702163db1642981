"""From a row of the board to the card that an answer holds, as it stands at the moment of asking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from operator import itemgetter
from typing import Any

from domain.rollup import TIMELESS, state_at
from projections.answers import Card, Help, ShownElsewhere
from projections.asking import CARD_COLUMNS
from projections.cards.judging import Judge
from projections.cards.stages import judged, stages_of
from projections.engine.fold import instant

_PLACES = {name: place for place, name in enumerate(CARD_COLUMNS)}
_FIELDS = {each.name: number for number, each in enumerate(fields(Card))}
_as_stored = itemgetter(*(_PLACES.get(name, 0) for name in _FIELDS))
"""What a row holds in the order of a card's fields; where a field is worked out, whatever comes first in the row."""
_LISTS = tuple(_FIELDS[name] for name in ("also_in", "labels", "waits_for", "lowered"))
(
    _OF_STATE, _OF_STAGES, _OF_DUE_AT, _OF_OVERDUE, _OF_HELP, _OF_OVERRIDE, _OF_FORECAST, _OF_STAGE_DAYS,
    _OF_USUAL_DAYS, _OF_ID,
) = (
    _FIELDS[name] for name in (
        "state", "stages", "due_at", "overdue", "help", "override", "forecast", "stage_days", "usual_days", "id",
    )
)  # fmt: skip
_ID, _STATE, _DUE_ON, _DUE_AT, _LATE_AT, _BLOCKED_AT, _STAGES, _HELP, _OVERRIDE, _STARTED, _ENDED, _ENTERED, \
    _PROCESS, _STAGE, _KIND, _LIFE = (
    _PLACES[name]
    for name in (
        "card", "state", "due_on", "due_at", "late_at", "blocked_at", "stages", "help", "override", "started_at",
        "ended_at", "entered_stage_at", "process", "stage", "kind", "life",
    )
)  # fmt: skip


def card_of(row: Sequence[Any], judge: Judge) -> Card:
    """The card that a row (see CARD_COLUMNS) is at the judge's moment."""
    ended = row[_ENDED] is not None
    due_on = row[_DUE_ON]
    due_at = row[_DUE_AT] if due_on is None else judge.end_of(due_on)
    stages = stages_of(row[_STAGES], row[_STARTED], judge, ended=ended)
    face = judge.faces.get(row[_ID])
    card = list(_as_stored(row))  # by their places: boards and attention make thousands
    for place in _LISTS:
        card[place] = tuple(card[place])
    card[_OF_ID] = row[_ID]
    card[_OF_STATE] = _state(row, stages.target_at, judge, due_at if due_on else None)
    card[_OF_STAGES] = judged(stages, judge.now, () if face is None else face.stages_at_risk)
    card[_OF_DUE_AT] = due_at
    card[_OF_OVERDUE] = due_at is not None and not ended and due_at < judge.now
    card[_OF_HELP] = help_of(row[_HELP])
    card[_OF_OVERRIDE] = _elsewhere(row[_OVERRIDE])
    card[_OF_FORECAST] = face
    card[_OF_STAGE_DAYS] = None if ended or row[_ENTERED] is None else judge.worked_days(row[_ENTERED])
    card[_OF_USUAL_DAYS] = None if ended else judge.usual_days(row[_PROCESS], row[_STAGE])
    return Card(*card)


def state_of(row: Sequence[Any], judge: Judge) -> str:
    """The state alone that the card of a row has at the judge's moment."""
    due_on = row[_DUE_ON]
    stages = stages_of(row[_STAGES], row[_STARTED], judge, ended=row[_ENDED] is not None)
    return _state(row, stages.target_at, judge, None if due_on is None else judge.end_of(due_on))


def _state(row: Sequence[Any], target_at: datetime | None, judge: Judge, day_over: datetime | None) -> str:
    state: str = row[_STATE]
    if row[_KIND] == "task" and row[_LIFE] == "cancelled":
        return "cancelled"
    if state in TIMELESS or row[_ENDED] is not None:
        return state
    return state_at(
        state,
        judge.now,
        late_at=row[_LATE_AT] or day_over,
        blocked_at=row[_BLOCKED_AT],
        target_at=target_at,
        at_risk=row[_ID] in judge.at_risk,
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
