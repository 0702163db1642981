"""One mail for each person whose work a migration changed, over all of its runs: a digest, and no flood of notices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from domain.definition import Definition
from domain.directory import Directory
from domain.events import Event
from domain.migration.migrate import migrate_run
from domain.migration.news import News, news_of
from domain.run import RUN, Run
from domain.run.queueing import queue
from domain.run.telling import MIGRATION
from domain.run.work import Work
from domain.schedule import Calendar
from domain.words import Actor, Values

MOST_RUNS = 20
"""Runs that a mail names; it says how many more there are."""
MOST_STEPS = 10
"""Steps that it names of one run."""


class Moved(NamedTuple):
    """A run that a migration moved, and what that means for whom."""

    run: UUID
    name: str
    news: Sequence[News]


class Letter(NamedTuple):
    """A mail that one run carries in its log: to whom, and what it says."""

    run: UUID
    to: str
    facts: Values


def letters(moved: Iterable[Moved], directory: Directory) -> list[Letter]:
    """One for each person, carried by the first run that it tells of; what is a group's is told to its members.

    Guests are told of their steps by the invitations with their links, and nobody is told of what is nobody's.
    """
    told: dict[str, dict[UUID, tuple[str, list[News]]]] = {}
    for run, name, news in moved:
        for one in news:
            for person in _people(one.who, directory):
                told.setdefault(person, {}).setdefault(run, (name, []))[1].append(one)
    return [
        Letter(next(iter(runs)), person, {"assignees": [person], **_facts(runs)})
        for person, runs in told.items()
    ]


def _people(who: str | None, directory: Directory) -> tuple[str, ...]:
    kind = (who or "").partition(":")[0]
    if who is None or kind not in ("person", "group"):
        return ()
    return directory.members(who) if kind == "group" else (who,)


def _facts(runs: Mapping[UUID, tuple[str, list[News]]]) -> dict[str, Any]:
    named = list(runs.items())[:MOST_RUNS]
    return {
        "total": len(runs),
        "runs": [{"run": str(run), "name": name, **_steps(news)} for run, (name, news) in named],
    }


def _steps(news: Sequence[News]) -> dict[str, Any]:
    """The titles by what is new, and how many steps are not named."""
    found: dict[str, Any] = {}
    for one in news[:MOST_STEPS]:
        found.setdefault(one.what, []).append(one.title)
    return {**found, "more": max(0, len(news) - MOST_STEPS)}


def queue_letter(
    run: Run,
    definition: Definition,
    letter: Letter,
    name: str,
    facts: Values,
    *,
    by: Actor,
    at: datetime,
    calendar: Calendar,
) -> list[Event]:
    """Have the mail sent, once under this name of its migration; an imported run tells nobody."""
    work = Work(run, definition, by, at, calendar)
    queue(work, None, f"{MIGRATION}{name}:{letter.to}", "email", facts={**letter.facts, **facts})
    return work.events


def migrate_and_tell(  # noqa: PLR0913 - as migrate_run, and the run's id
    run: Run,
    old: Definition,
    new: Definition,
    choices: Mapping[str, str],
    reason: str | None,
    run_id: UUID,
    *,
    by: Actor,
    at: datetime,
    calendar: Calendar,
    directory: Directory,
) -> list[Event]:
    """``migrate_run`` for one run that moves alone, and a mail to each person whose work that changes."""
    events = migrate_run(run, old, new, choices, reason, by=by, at=at, calendar=calendar, directory=directory)
    after = RUN.fold(events, run)
    if not events or after is None:
        return events
    name = str(sum(1 for key in after.actions if key.startswith(f"/1/{MIGRATION}")))
    facts = {"by": by, "text": reason, "version": new.version}
    found = letters([Moved(run_id, run.name, news_of(run, after, old, new))], directory)
    told = (queue_letter(after, new, one, name, facts, by=by, at=at, calendar=calendar) for one in found)
    return [*events, *(event for each in told for event in each)]
