"""Search over runs, tasks, steps under way, people and the values that are not sensitive."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal
from uuid import UUID

from domain.definition import Definition
from domain.schedule import Calendar
from domain.words import StepKey
from projections.asking import Conn, NotFound, fresh
from projections.cards.card import state_of
from projections.cards.judging import judge
from projections.cards.queries import cards_by_id
from projections.engine.projection import blocks
from projections.forecasts.queries import forecasts_of
from projections.paging import Page, cut
from projections.run.queries import definition_of
from projections.visible import VISIBLE, Visible

HitKind = Literal["run", "task", "step", "person", "value"]
SHORTEST = 2
_CANDIDATES = 200
_NAMED = ("cards", "steps", "people")
_LONGEST = 100_000
"""Characters of a value that are looked at, here as in the index."""
_CONCERNED = """
(%(all)s or r.started_by = %(who)s or r.project = any(%(projects)s)
  or exists (select from jsonb_each_text(r.roles) e where e.value = %(who)s)
  or exists (select from read.run_step x where x.run = r.run and (x.assignee = %(who)s or x.by = %(who)s)))
"""
_VISIBLE = VISIBLE["visible"].as_string()
_SQL = {
    name: text.replace("{concerned}", _CONCERNED)
    .replace("{visible}", _VISIBLE)
    .replace("{visible_step}", _VISIBLE.replace("c.card", "i.work").replace("c.", "i."))
    .encode()
    for name, text in blocks("lists/search").items()
}


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing found; ``context`` says where: the run of a step, the field of a value. ``path`` leads to it."""

    kind: HitKind
    id: UUID
    title: str
    context: str | None
    project: UUID | None
    process: str | None
    state: str | None
    over: bool
    path: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found, the best first within each kind; ``more`` says that there is more than is shown.

    That stands behind ``next_after`` (null: nothing), which is counted within each kind, as ``limit`` is.
    """

    query: str
    hits: tuple[Hit, ...]
    more: bool
    position: int
    as_of: Any
    behind: int = 0
    next_after: int | None = None


@dataclass(frozen=True, slots=True)
class Seer:
    """For whom things are looked for: what they see of runs and tasks.

    ``all``: the values of every run concern them.
    """

    who: str
    all: bool
    visible: Visible


Shows = Callable[[UUID, StepKey, str], bool]
"""Whether somebody is shown a field of a run, by what the log says now."""


def words_of(text: str) -> list[str]:
    """The words of a text: letters and digits in one case, as the function search_words of the database has them."""
    return re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", text).casefold())


def search(
    connection: Conn,
    text: str,
    seer: Seer,
    shows: Shows,
    page: Page = Page(20),
    *,
    calendar: Calendar | None = None,
) -> Found:
    """Everything that fits ``text``: of each kind a page.

    Names fit by any part of them, texts, subjects and values when each word of ``text`` begins one of theirs, whatever
    signs stand between: what was copied whole is found. A value is found only where its field is neither sensitive nor
    personal and ``shows`` says that the seer sees it.
    """
    current = fresh(connection, "board", "inbox", "people", "run_steps")
    words = words_of(text)
    if not words or len("".join(words)) < SHORTEST:
        return Found(text, (), False, *current)
    most = page.after + (page.limit or 0) + 1
    asked = {**_asked(text.strip(), most), **seer.visible.asked}
    kinds = [[_hit(row) for row in connection.execute(_SQL[name], asked)] for name in _NAMED]
    kinds.append(_values(connection, asked, words, seer, shows, most))
    pages = [cut(found, page) for found in kinds]
    hits = _as_on_boards(connection, [hit for shown, _ in pages for hit in shown], calendar)
    following = next((after for _, (_, after) in pages if after is not None), None)
    if following is not None:
        following = page.after + (page.limit or 0)
    return Found(text, tuple(hits), following is not None, *current, following)


def _asked(text: str, limit: int) -> dict[str, Any]:
    plain = re.sub(r"([\\%_])", r"\\\1", text)
    return {"text": text, "whole": plain, "part": f"%{plain}%", "start": f"{plain}%", "limit": limit}


def _hit(row: tuple[Any, ...]) -> Hit:
    kind, id_, title, project, process, _, state, over, step, context = row
    path = {
        "run": f"/runs/{id_}",
        "task": f"/tasks/{id_}",
        "step": f"/runs/{id_}?step={step}",
        "person": f"/people/{str(step).removeprefix('person:')}",
    }[kind]
    return Hit(kind, id_, title, context, project, process, state, over, path)


def _as_on_boards(connection: Conn, hits: list[Hit], calendar: Calendar | None) -> list[Hit]:
    """Runs and tasks in the state that their cards show now: late by the clock, at risk by the forecast."""
    wanted = [hit.id for hit in hits if hit.kind in ("run", "task")]
    by = judge(None, calendar, forecasts_of(connection, wanted))
    states = {row.card: state_of(row, by) for row in cards_by_id(connection, wanted)}
    return [replace(hit, state=states.get(hit.id, hit.state)) for hit in hits]


def _values(
    connection: Conn, asked: dict[str, Any], words: list[str], seer: Seer, shows: Shows, limit: int
) -> list[Hit]:
    projects = [row[0] for row in connection.execute(_SQL["projects_of"], {"who": seer.who})]
    wanted = {
        **asked,
        "who": seer.who,
        "all": seer.all,
        "projects": projects,
        "limit": max(_CANDIDATES, limit),
    }
    found: list[Hit] = []
    for name in ("inputs", "values"):
        for row in connection.execute(_SQL[name], wanted).fetchall():
            found += (hit for hit in _of_fields(connection, row, words, shows) if len(found) < limit)
    return found[:limit]


def _of_fields(connection: Conn, row: tuple[Any, ...], words: list[str], shows: Shows) -> Iterator[Hit]:
    run, name, project, process, version, step, values = row
    try:
        definition = definition_of(connection, process, version)
    except NotFound:
        return  # a parked run: which of its fields are sensitive is not known
    for key, title in _open_fields(definition, step):
        told = " ".join(_texts(values.get(key)))
        if told and _fits(told, words) and shows(run, StepKey(step), key):
            path = f"/runs/{run}" if step == "inputs" else f"/runs/{run}?step={step}"
            yield Hit("value", run, told[:200], f"{title} of {name}", project, process, None, False, path)


def _open_fields(definition: Definition, step: str) -> Iterator[tuple[str, str]]:
    known = definition.steps.get(StepKey(step))
    fields = definition.document.inputs if step == "inputs" else known.fields if known else ()
    return ((field.key, field.title) for field in fields if not (field.sensitive or field.personal))


def _fits(told: str, words: Iterable[str]) -> bool:
    """Whether each of the words begins one of the text's; of sorted words that is the next one."""
    theirs = [*sorted(words_of(told[:_LONGEST])), ""]
    return all(theirs[bisect_left(theirs, word, hi=len(theirs) - 1)].startswith(word) for word in words)


def _texts(value: Any) -> Iterator[str]:
    """What people read of a value: texts and numbers, of a file its name."""
    match value:
        case bool() | None:
            pass
        case str() | int() | float():
            yield str(value)
        case list():
            for part in value:
                yield from _texts(part)
        case {"sha256": _, "name": str(name)}:
            yield name
        case dict():
            for part in value.values():
                yield from _texts(part)
        case _:
            pass
