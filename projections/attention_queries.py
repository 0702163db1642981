"""What needs somebody, in one project or in all, as things stand now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.schedule import Calendar
from projections.agreeing import all_agreed
from projections.answers import ATTENTION_KINDS, Attention, AttentionRow, Card
from projections.asking import Conn, Fresh, fresh, rows
from projections.attending import Context, Gone, OpenStep, needs, open_step
from projections.cards import card_of
from projections.forecast_queries import forecasts_of
from projections.help_texts import help_texts
from projections.judging import Judge, at_risk, judge
from projections.people_queries import owner_deactivated
from projections.stage_history import Usual, usual_hours

_SEVERITY = {kind: place for place, kind in enumerate(ATTENTION_KINDS)}
PAGE = 200


def attention(
    connection: Conn,
    project: UUID | None = None,
    *,
    now: datetime | None = None,
    calendar: Calendar | None = None,
    limit: int = PAGE,
    after: int = 0,
    texts: bool = False,
) -> Attention:
    """What needs somebody, in one project or in all, the worst first; ``after`` rows were on the pages before.

    ``texts``: the reader works with these runs and is told what help is needed for.
    """
    current = fresh(connection, "attention", "board")
    return page(everything(connection, project, judge(now, calendar), texts=texts), current, limit, after)


def everything(
    connection: Conn, project: UUID | None, by: Judge, *, texts: bool = False
) -> list[AttentionRow]:
    """All rows, the worst first."""
    standing = rows(connection, "open_cards", project=project)
    by = replace(by, at_risk=at_risk(forecasts_of(connection, [row[0] for row in standing])))
    cards = [card_of(row, by) for row in standing]
    steps = by_run(rows(connection, "open_steps", project=project))
    helped = [run for run, found in steps.items() if any(step.help_since for step in found)]
    return ordered(cards, steps, Context(
        by,
        usual_of(connection, by),
        gone_of(connection, project),
        project_names(connection, project),
        help_texts(connection, helped) if texts else {},
        all_agreed(connection, project),
    ))  # fmt: skip


def ordered(
    cards: Iterable[Card], steps: Mapping[UUID, Sequence[OpenStep]], context: Context
) -> list[AttentionRow]:
    """The rows of these cards: by severity, then what has been without progress for longest."""
    found = [row for card in cards for row in needs(card, steps.get(card.id, ()), context)]
    return sorted(found, key=_place)


def page(found: Sequence[AttentionRow], current: Fresh, limit: int, after: int) -> Attention:
    """One page of the rows, with the counts of all."""
    counts: dict[str, int] = {}
    for row in found:
        counts[row.kind] = counts.get(row.kind, 0) + 1
    shown = tuple(found[after : after + limit])
    left = after + limit if len(found) > after + limit else None
    return Attention(shown, counts, *current, total=len(found), next_after=left)


def by_run(found: Iterable[Sequence[Any]]) -> dict[UUID, list[OpenStep]]:
    """Open steps by their run."""
    steps: dict[UUID, list[OpenStep]] = {}
    for row in found:
        steps.setdefault(row[0], []).append(open_step(row))
    return steps


def usual_of(connection: Conn, by: Judge) -> Callable[[str, str], Usual | None]:
    """How long a stage of a process usually takes; each process is asked for once."""
    known: dict[str, dict[str, Usual]] = {}

    def usual(process: str, stage: str) -> Usual | None:
        if process not in known:
            known[process] = usual_hours(connection, process, by.now, by.calendar)
        return known[process].get(stage)

    return usual


def project_names(connection: Conn, project: UUID | None) -> dict[UUID, tuple[str, str | None]]:
    """Names and owners of projects."""
    return {id_: (name, owner) for id_, name, owner in rows(connection, "project_names", project=project)}


def gone_of(connection: Conn, project: UUID | None) -> dict[tuple[UUID, str], Gone]:
    """Work of people who left, and of groups that nobody is in."""
    found = owner_deactivated(connection, project)
    return {(each.card, each.step or ""): Gone(each.why, each.since) for each in found}


def _place(row: AttentionRow) -> tuple[int, float, str, str]:
    return _SEVERITY[row.kind], -row.age_hours, str(row.id), row.step or ""
