"""What changed on a board between two moments, in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta
from typing import get_args
from uuid import UUID

from domain.schedule import Calendar
from projections.answers import Card, CardChange, ChangeKind, Since
from projections.asking import Conn
from projections.cards.judging import WEEKDAYS, Judge
from projections.engine.projection import Definitions
from projections.past.board import cards_that_differ
from projections.past.moment import Moment, Then

_WORSE = ("needs_help", "blocked", "late", "at_risk")
_NAMED = 5
"""So many cards a sentence names; the others it counts."""
_MOVES = 20
_SENTENCES: dict[ChangeKind, str] = {
    "finished": "{cards} finished",
    "ended_early": "{cards} ended early",
    "cancelled": "{cards} {were} called off",
    "started": "{cards} started",
    "added": "{cards} {were} added",
    "reopened": "{cards} {were} reopened",
    "left": "{cards} left the project",
    "late": "{cards} became late",
    "at_risk": "{cards} became at risk",
    "blocked": "{cards} got blocked",
    "needs_help": "{cards} asked for help",
    "recovered": "{cards} {are} on track again",
}
_ORDER: tuple[ChangeKind, ...] = get_args(ChangeKind)


def monday(now: datetime, calendar: Calendar | None) -> datetime:
    """When the week began in which the organisation is: its Monday, at the day's beginning."""
    known = calendar or WEEKDAYS
    today = known.local_day(now)
    return known.instant(today - timedelta(days=today.weekday()), time(0))


def since(
    connection: Conn,
    project: UUID,
    before: Moment,
    after: Moment,
    definitions: Definitions,
    calendar: Calendar | None = None,
) -> Since:
    """What changed from one moment to the other. Raises NotFound when the project was there at neither of them.

    What had ended before both has not changed and is not looked at, however much of it there is.
    """
    then = Then(connection, project, before, definitions, after=before)
    now = Then(connection, project, after, definitions, after=before, beside=then)
    now.project_row()
    changed = cards_that_differ((then, before.at), (now, after.at), calendar)
    found = differences(*changed, Judge(after.at, calendar or WEEKDAYS))
    counts: dict[str, int] = {
        kind: count for kind in _ORDER if (count := sum(each.what == kind for each in found))
    }
    return Since(before.at, after.at, tuple(_lines(found)), counts, tuple(found), after.position, after.at)


def differences(then: Sequence[Card], now: Sequence[Card], judge: Judge) -> list[CardChange]:
    """Every change card by card, in the order in which they are told."""
    before = {card.id: card for card in then}
    after = {card.id: card for card in now}
    found = [change for card in now for change in _changes(before.get(card.id), card, judge)]
    found += [_change(card, "left", "left the project") for card in then if card.id not in after]
    return sorted(found, key=lambda each: (_ORDER.index(each.what), each.name, str(each.card)))


def _changes(before: Card | None, card: Card, judge: Judge) -> Iterator[CardChange]:
    if before is None:
        begun: tuple[ChangeKind, str] = ("started", "started")
        yield _change(card, *(begun if card.kind == "run" else ("added", "was added")))
    if card.ended_at is not None and (before is None or before.ended_at is None):
        yield _ended(card)
    elif before is None:
        yield from [_worse(card)] if card.state in _WORSE else []
    else:
        yield from _of_both(before, card, judge)


def _of_both(before: Card, card: Card, judge: Judge) -> Iterator[CardChange]:
    """What changed on a card that was there at both moments, and did not end in between."""
    if before.ended_at is not None and card.ended_at is None:
        yield _change(card, "reopened", "was reopened")
    if before.stage != card.stage:
        moved = f"moved from {_title(before, before.stage)} to {_title(card, card.stage)}"
        yield _change(card, "moved", moved)
    if before.state != card.state and card.state in _WORSE:
        yield _worse(card)
    elif before.state != card.state and before.state in _WORSE:
        yield _change(card, "recovered", f"is no longer {_words(before.state)}")
    if before.target_at != card.target_at:
        yield _change(card, "target", _target(card, before.target_at, judge))


def _ended(card: Card) -> CardChange:
    outcome = f": {card.outcome}" if card.outcome else ""
    match card.state:
        case "failed":
            return _change(card, "ended_early", f"ended early{outcome}")
        case "cancelled" | "skipped":
            return _change(card, "cancelled", f"was called off{outcome}")
        case _:
            return _change(card, "finished", f"finished{outcome}")


def _worse(card: Card) -> CardChange:
    said = {"needs_help": "asked for help", "blocked": "got blocked", "late": "became late",
            "at_risk": "became at risk"}  # fmt: skip
    kinds: dict[str, ChangeKind] = {
        "needs_help": "needs_help",
        "blocked": "blocked",
        "late": "late",
        "at_risk": "at_risk",
    }
    return _change(card, kinds[card.state], said[card.state])


def _target(card: Card, before: datetime | None, judge: Judge) -> str:
    if card.target_at is None:
        return "has no target any more"
    what = "is to be finished" if card.aim is None else f"is to be through {card.aim}"
    instead = "" if before is None else f", not by {judge.day(before)}"
    return f"{what} by {judge.day(card.target_at)}{instead}"


def _change(card: Card, what: ChangeKind, said: str) -> CardChange:
    return CardChange(card.id, card.kind, card.name, what, f"{card.name} {said}")


def _title(card: Card, stage: str) -> str:
    return next((dot.title for dot in card.stages if dot.key == stage), _words(stage).capitalize())


def _words(key: str) -> str:
    return key.replace("_", " ")


def _lines(found: Sequence[CardChange]) -> Iterator[str]:
    for kind in _ORDER:
        of_kind = [each for each in found if each.what == kind]
        if not of_kind:
            continue
        if kind in _SENTENCES:
            yield _sentence(kind, of_kind)
        else:
            yield from (each.said for each in of_kind[:_MOVES])
            if len(of_kind) > _MOVES:
                yield f"{len(of_kind) - _MOVES} more {'moved' if kind == 'moved' else 'have another target'}"


def _sentence(kind: ChangeKind, of_kind: Sequence[CardChange]) -> str:
    number = len(of_kind)
    kinds = {each.kind for each in of_kind}
    word = next(iter(kinds)) if len(kinds) == 1 else "card"
    said = _SENTENCES[kind].format(
        cards=f"{number} {word}{'' if number == 1 else 's'}",
        were="was" if number == 1 else "were",
        are="is" if number == 1 else "are",
    )
    return f"{said}: {_names([each.name for each in of_kind])}"


def _names(names: Sequence[str]) -> str:
    if len(names) > _NAMED:
        return f"{', '.join(names[:_NAMED])} and {len(names) - _NAMED} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
