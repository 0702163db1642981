"""What a card says of a run: how it stands to its target, what is usual for its stage, what a stage is called."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from projections.answers import Card, StageDot

_TONES = {"at_risk": "risk", "late": "late", "stalled": "late"}


def forecast_tone(state: str) -> str:
    """The tone in which a forecast stands on a card."""
    return _TONES.get(state, "quiet")


def target_words(card: Card, now: datetime) -> str:
    """What stands before the day of an open target: of a stage, or of the whole run, ahead or past."""
    assert card.open_target_at is not None
    past = card.open_target_at < now
    if card.aim:
        return f"{card.aim} {'was to be over' if past else 'to be over'}"
    return "Was to be finished" if past else "To be finished"


def stage_days_words(usual_days: float | None) -> str:
    """What the number of days on a card counts, and what is usual."""
    counted = "Working days in this stage"
    return counted if usual_days is None else f"{counted}; 85 of 100 runs are through within {usual_days}"


def is_slow(card: Card) -> bool:
    """Whether a card has been in its stage for longer than is usual."""
    if card.stage_days is None or card.usual_days is None:
        return False
    return card.stage_days > card.usual_days


def stage_title(stages: Iterable[StageDot], key: str) -> str:
    """What a stage is called; one that the run does not have (any more) by its key."""
    return next((stage.title for stage in stages if stage.key == key), key.replace("_", " "))


def work_place(row: Any) -> str:
    """Where somebody does what is in their inbox."""
    return f"/runs/{row.id}?step={row.step}" if row.kind == "step" else f"/tasks/{row.id}"


def attention_place(row: Any) -> str:
    """Where what needs attention is looked at: a step of its run, or the card on its board."""
    if row.card_kind == "run":
        return f"/runs/{row.id}" + (f"?step={row.step}" if row.step else "")
    return f"/projects/{row.project}#c{row.id}"


_ASKS_MORE = frozenset(
    {"retry", "edit", "cancel", "add-member", "address", "complete-by-hand", "confirm-guest-address"}
)


def is_one_click(row: Any) -> bool:
    """Whether what fixes it needs no more than a button; the rest is done where it is looked at."""
    if row.action is None or row.action.verb in _ASKS_MORE:
        return False
    return row.action.verb not in ("assign", "assign-role") or bool(row.action.body.get("assignee"))


def attention_link(row: Any) -> str:
    """Where somebody goes who fixes it by hand: a missing address is entered on the page of the person."""
    if row.action is not None and row.action.verb == "address":
        return f"/people/{row.action.href.split('/')[3]}"
    return attention_place(row)
