"""What needs somebody, in one project or in all, as things stand now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.schedule import Calendar
from projections.answers import ATTENTION_KINDS, Attention, AttentionRow, Card
from projections.asking import Conn, Fresh, NotFound, fresh, rows
from projections.attention.all_agreed import all_agreed
from projections.attention.context import Context, Gone, Stopped
from projections.attention.loose_incidents import loose_rows
from projections.attention.not_told import telling
from projections.attention.open_steps import OpenStep, open_step
from projections.attention.rules import needs
from projections.attention.too_few_approvers import wanting
from projections.cards.card import card_of
from projections.cards.help_texts import help_texts
from projections.cards.judging import Judge, at_risk, judge
from projections.cards.usual_times import usual_of
from projections.forecasts.queries import forecasts_of
from projections.machine.action_queries import bound, deciders, reopened_steps
from projections.paging import Page, cut
from projections.people.names import names_of
from projections.people.queries import SQL, owner_deactivated
from projections.run.queries import definition_of

_SEVERITY = {kind: place for place, kind in enumerate(ATTENTION_KINDS)}
PAGE = Page(200)


def attention(
    connection: Conn,
    project: UUID | None = None,
    *,
    now: datetime | None = None,
    calendar: Calendar | None = None,
    page: Page = PAGE,
    texts: bool = False,
) -> Attention:
    """What needs somebody, in one project or in all, the worst first.

    ``texts``: the reader works with these runs and is told what help is needed for.
    """
    current = fresh(connection, "attention", "board")
    return page_of(everything(connection, project, judge(now, calendar), texts=texts), current, page)


def everything(
    connection: Conn, project: UUID | None, by: Judge, *, texts: bool = False
) -> list[AttentionRow]:
    """All rows, the worst first."""
    standing = rows(connection, "open_cards", project=project)
    faces = forecasts_of(connection, [row[0] for row in standing])
    usual = usual_of(connection, by.now, by.calendar)
    by = replace(by, at_risk=at_risk(faces), faces=faces, usual=usual)
    cards = [card_of(row, by) for row in standing]
    steps = by_run(rows(connection, "open_steps", project=project))
    projects = project_names(connection, project)
    lacks = wanting(connection, project, {id_: owner for id_, (_, owner) in projects.items()})
    helped = [run for run, found in steps.items() if any(step.help_since for step in found)]
    asked = help_texts(connection, helped) if texts else {}
    named = people_of(cards, steps, projects) | {
        each.waiting_on for each in asked.values() if each.waiting_on
    }
    told = telling(connection, project, by.now, steps)
    named |= {who for lack in lacks.values() for who in lack.able} | told.people
    context = Context(
        by,
        usual,
        gone_of(connection, project),
        projects,
        asked,
        all_agreed(connection, project),
        names_of(connection, named),
        reopened_steps(connection),
        lacks,
        stopped_at(connection, [card for card in cards if card.id not in steps]),
        deciders(connection),
        told,
        bound(connection),
    )  # fmt: skip
    loose = loose_rows(connection, project, context)
    return sorted([*_rows_of(cards, steps, context), *loose], key=_place)


def ordered(
    cards: Iterable[Card], steps: Mapping[UUID, Sequence[OpenStep]], context: Context
) -> list[AttentionRow]:
    """The rows of these cards: by severity, then what has been without progress for longest."""
    return sorted(_rows_of(cards, steps, context), key=_place)


def _rows_of(
    cards: Iterable[Card], steps: Mapping[UUID, Sequence[OpenStep]], context: Context
) -> Iterator[AttentionRow]:
    return (row for card in cards for row in needs(card, steps.get(card.id, ()), context))


def page_of(found: Sequence[AttentionRow], current: Fresh, page: Page) -> Attention:
    """One page of the rows, with the counts of all."""
    counts: dict[str, int] = {}
    for row in found:
        counts[row.kind] = counts.get(row.kind, 0) + 1
    shown, (more, next_after) = cut(found, page)
    return Attention(shown, counts, *current, total=len(found), next_after=next_after, more=more)


def people_of(
    cards: Iterable[Card],
    steps: Mapping[UUID, Sequence[OpenStep]],
    projects: Mapping[UUID, tuple[str, str | None]],
) -> set[str]:
    """Everybody who may be named in a row."""
    found = {each.who for each in cards} | {owner for _, owner in projects.values()}
    found |= {step.assignee for each in steps.values() for step in each}
    return {who for who in found if who is not None}


def by_run(found: Iterable[Sequence[Any]]) -> dict[UUID, list[OpenStep]]:
    """Open steps by their run."""
    steps: dict[UUID, list[OpenStep]] = {}
    for row in found:
        steps.setdefault(row[0], []).append(open_step(row))
    return steps


def stopped_at(connection: Conn, idle: Iterable[Card]) -> dict[UUID, Stopped]:
    """Where those of these cards that are runs stopped: the first step that failed, else one that was cancelled."""
    known = {
        card.id: card for card in idle if card.kind == "run" and card.state in ("blocked", "failed", "late")
    }
    if not known:
        return {}
    found = connection.execute(SQL["stopped_steps"].encode(), {"runs": list(known)}).fetchall()
    stopped: dict[UUID, Stopped] = {}
    for run, step, state in found:
        card = known[run]
        definition = definition_of(connection, card.process or "", card.process_version or 0)
        if step in definition.steps:
            stopped[run] = Stopped(step, definition.steps[step].title, state)
    return stopped


def project_name(connection: Conn, project: UUID) -> str:
    """What a project is called. Raises NotFound."""
    found = project_names(connection, project)
    if project not in found:
        raise NotFound("project", project)
    return found[project][0]


def project_names(connection: Conn, project: UUID | None) -> dict[UUID, tuple[str, str | None]]:
    """Names and owners of projects."""
    return {id_: (name, owner) for id_, name, owner in rows(connection, "project_names", project=project)}


def gone_of(connection: Conn, project: UUID | None) -> dict[tuple[UUID, str], Gone]:
    """Work of people who left or never were here, and of groups that nobody is in."""
    found = owner_deactivated(connection, project)
    return {(each.card, each.step or ""): Gone(each.why, each.since, each.known) for each in found}


def _place(row: AttentionRow) -> tuple[int, float, UUID, str]:
    return _SEVERITY[row.kind], -row.age_hours, row.id, row.step or ""
