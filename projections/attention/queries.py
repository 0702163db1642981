"""What needs somebody, in one project or in all, as things stand now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from domain.schedule import Calendar
from domain.words import StepKey
from projections.answers import ATTENTION_KINDS, Attention
from projections.asking import Conn, Fresh, NotFound, fresh
from projections.attention.all_agreed import all_agreed
from projections.attention.context import Context, Gone, Stopped
from projections.attention.judged import Need
from projections.attention.loose_incidents import loose_needs
from projections.attention.not_told import telling
from projections.attention.open_cards import NOTHING_BESIDE, OPEN_CARD_COLUMNS, Beside, OpenCard
from projections.attention.open_steps import OpenStep
from projections.attention.rules import needs
from projections.attention.too_few_approvers import wanting
from projections.cards.card import state_of
from projections.cards.help_texts import help_texts
from projections.cards.judging import Judge, judge
from projections.cards.usual_times import usual_of
from projections.forecasts.queries import forecasts_of, warned_of
from projections.machine.action_queries import bound, deciders, reopened_steps
from projections.paging import Page, cut
from projections.people.names import names_of
from projections.run.queries import definition_of
from projections.statements import ask, columns, composed, parts
from projections.visible import VISIBLE, Visible

_SQL = composed(
    "attention/queries",
    open_card=OPEN_CARD_COLUMNS,
    open_step=columns(OpenStep, "s"),
    **parts("people/gone"),
    **VISIBLE,
)
_SEVERITY = {kind: place for place, kind in enumerate(ATTENTION_KINDS)}
_TELLS_BESIDE = frozenset({"late", "stalled", "at_risk"})
"""Of what the words name stages, or what the forecast says."""
PAGE = Page(200)
BesideOf = Callable[[Collection[UUID]], Mapping[UUID, Beside]]


def attention(
    connection: Conn,
    project: UUID | None = None,
    *,
    now: datetime | None = None,
    calendar: Calendar | None = None,
    page: Page = PAGE,
    texts: bool = False,
    visible: Visible,
) -> Attention:
    """What needs somebody, in one project or in all, the worst first.

    ``texts``: the reader works with these runs and is told what help is needed for. ``visible``: what they see.
    """
    current = fresh(connection, "attention", "board")
    by = judge(now, calendar)
    found = everything(connection, project, by, texts=texts, visible=visible)
    return page_of(found, current, page, known_beside(connection))


def everything(
    connection: Conn, project: UUID | None, by: Judge, *, texts: bool = False, visible: Visible
) -> list[Need]:
    """All that needs somebody and is ``visible``, the worst first."""
    cards = ask(connection, _SQL["open_cards"], OpenCard, project=project, **visible.asked)
    usual = usual_of(connection, by.now, by.calendar)
    by = replace(by, at_risk=warned_of(connection, [card.card for card in cards]))
    steps = by_run(ask(connection, _SQL["open_steps"], OpenStep, project=project, **visible.asked))
    projects = project_names(connection, project)
    lacks = wanting(connection, project, {id_: owner for id_, (_, owner) in projects.items()})
    helped = [run for run, found in steps.items() if any(step.help_since for step in found)]
    asked = help_texts(connection, helped) if texts else {}
    named = people_of(cards, steps, projects) | {
        each.waiting_on for each in asked.values() if each.waiting_on
    }
    told = telling(connection, project, by.now, steps)
    named |= {who for lack in lacks.values() for who in lack.able} | told.people
    idle = [card for card in cards if card.card not in steps]
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
        stopped_at(connection, idle, by),
        deciders(connection),
        told,
        bound(connection),
    )  # fmt: skip
    return ordered(cards, steps, context, loose_needs(connection, project, context, visible))


def ordered(
    cards: Iterable[OpenCard],
    steps: Mapping[UUID, Sequence[OpenStep]],
    context: Context,
    loose: Iterable[Need] = (),
) -> list[Need]:
    """What needs somebody, by severity, then what has been without progress for longest; also what is ``loose``."""
    of_cards = (need for card in cards for need in needs(card, steps.get(card.card, ()), context))
    return sorted([*of_cards, *loose], key=_place)


def page_of(found: Sequence[Need], current: Fresh, page: Page, beside: BesideOf) -> Attention:
    """One page of the rows, with the counts of all; ``beside`` gives what is told of those cards besides."""
    shown, (more, next_after) = cut(found, page)
    known = beside({need.id for need in shown if need.kind in _TELLS_BESIDE})
    told = tuple(need.row(known.get(need.id, NOTHING_BESIDE)) for need in shown)
    counts = Counter[str](need.kind for need in found)
    return Attention(told, dict(counts), *current, total=len(found), next_after=next_after, more=more)


def known_beside(connection: Conn) -> BesideOf:
    """What is told of cards besides, as it is now: it is asked for when it is known which cards are shown."""

    def beside(cards: Collection[UUID]) -> dict[UUID, Beside]:
        if not cards:
            return {}
        faces = forecasts_of(connection, list(cards))
        found = ask(connection, _SQL["stages_of"], _Stages, cards=list(cards))
        return {each.card: Beside(titles_of(each.stages), faces.get(each.card)) for each in found}

    return beside


class _Stages(NamedTuple):
    """The stages of a card, as JSON."""

    card: UUID
    stages: str | None


def titles_of(stored: str | Sequence[Mapping[str, Any]] | None) -> dict[str, str]:
    """What the stages are called that a row holds, as JSON text or as a fold made them."""
    stages = orjson.loads(stored) if isinstance(stored, str) else stored
    return {stage["key"]: stage["title"] for stage in stages or ()}


def people_of(
    cards: Iterable[OpenCard],
    steps: Mapping[UUID, Sequence[OpenStep]],
    projects: Mapping[UUID, tuple[str, str | None]],
) -> set[str]:
    """Everybody who may be named in a row."""
    found = {each.who for each in cards} | {owner for _, owner in projects.values()}
    found |= {step.assignee for each in steps.values() for step in each}
    return {who for who in found if who is not None}


def by_run(found: Iterable[OpenStep]) -> dict[UUID, list[OpenStep]]:
    """Open steps by their run."""
    steps: dict[UUID, list[OpenStep]] = {}
    for step in found:
        steps.setdefault(step.run, []).append(step)
    return steps


class _StoppedStep(NamedTuple):
    """A step that failed or was cancelled."""

    run: UUID
    step: str
    state: str


def stopped_at(connection: Conn, idle: Iterable[OpenCard], by: Judge) -> dict[UUID, Stopped]:
    """Where those of these cards that are runs stopped: the first step that failed, else one that was cancelled."""
    known = {
        card.card: card
        for card in idle
        if card.kind == "run" and state_of(card, by) in ("blocked", "failed", "late")
    }
    if not known:
        return {}
    stopped: dict[UUID, Stopped] = {}
    for run, step, state in ask(connection, _SQL["stopped_steps"], _StoppedStep, runs=list(known)):
        card = known[run]
        definition = definition_of(connection, card.process or "", card.process_version or 0)
        if step in definition.steps:
            stopped[run] = Stopped(step, definition.steps[StepKey(step)].title, state)
    return stopped


def project_name(connection: Conn, project: UUID) -> str:
    """What a project is called. Raises NotFound."""
    found = project_names(connection, project)
    if project not in found:
        raise NotFound("project", project)
    return found[project][0]


class _Named(NamedTuple):
    """What a project is called, and who owns it: whoever has left owns nothing."""

    project: UUID
    name: str
    owner: str | None


def project_names(connection: Conn, project: UUID | None) -> dict[UUID, tuple[str, str | None]]:
    """Names and owners of projects."""
    found = ask(connection, _SQL["project_names"], _Named, project=project)
    return {each.project: (each.name, each.owner) for each in found}


class _GoneWork(NamedTuple):
    """Work that is left of who left, or was never here."""

    work: UUID
    step: str
    why: str
    since: datetime | None
    known: bool


def gone_of(connection: Conn, project: UUID | None) -> dict[tuple[UUID, str], Gone]:
    """Work of people who left or never were here, and of groups that nobody is in."""
    found = ask(connection, _SQL["gone"], _GoneWork, project=project)
    return {(each.work, each.step): Gone(each.why, each.since, each.known) for each in found}


def _place(need: Need) -> tuple[int, float, int, str]:
    return _SEVERITY[need.kind], -need.age_hours, need.id.int, need.step or ""
