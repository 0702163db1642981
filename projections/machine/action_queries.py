"""What is asked of actions: what the worker has to do, lists for people, and who waits for an event from outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from domain.passes import LIFETIME
from domain.run.entailing import OWN
from projections.answers import StepAction
from projections.asking import Conn, fresh
from projections.engine.projection import blocks
from projections.paging import FIRST, Page, left

_STEP = 6
"""Where the step stands in a row of incidents: an empty one is the run as a whole."""

_BLOCKS = blocks("machine/actions")
_SQL = {
    name: text.replace("{listed}", _BLOCKS["listed"]).replace("{open}", _BLOCKS["open"]).encode()
    for name, text in _BLOCKS.items()
}
_REOPENED = blocks("machine/reopening_rows")["reopened_children"].encode()
_REOPENED_STEPS = blocks("machine/reopening_rows")["reopened_steps"].encode()


class Named(NamedTuple):
    """One action, and the other side (``lane``) that it is done with. ``step`` None: of the run as a whole."""

    run: UUID
    step: str | None
    round: int
    action: str
    lane: str


class AwaitingRun(NamedTuple):
    """A run that is known by a key to an event; ``waits``: one of these steps waits or may come to wait."""

    run: UUID
    waits: bool
    steps: list[str]


@dataclass(frozen=True, slots=True)
class Awaiting:
    """Runs that a key names."""

    rows: tuple[AwaitingRun, ...]
    position: int
    as_of: datetime
    behind: int = 0


class Family(NamedTuple):
    """A run and a child that one of its steps started."""

    run: UUID
    child: UUID


@dataclass(frozen=True, slots=True)
class ActionRow:
    """One action for people. ``next_at``: from when on the machine tries by itself (None: it does not)."""

    run: UUID
    step: str | None
    round: int
    action: str
    kind: str
    state: str
    attempt: int
    next_at: datetime | None
    queued_at: datetime | None
    changed_at: datetime
    reason: str | None
    result: str | None
    receipt: str | None
    incident: UUID | None
    problem: str | None
    name: str
    process: str
    process_version: int
    step_title: str | None
    project: UUID | None
    test: bool


@dataclass(frozen=True, slots=True)
class ActionList:
    """Actions, the one that changed last first; ``more`` come after these, behind ``next_after``."""

    rows: tuple[ActionRow, ...]
    position: int
    as_of: datetime
    behind: int = 0
    more: int = 0
    next_after: int | None = None


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """One open incident: what somebody has to decide, and why.

    ``leads_to``: the step that its mail brings a guest a link to; such a mail goes to that guest only.
    """

    incident: UUID
    problem: str
    reason: str
    assignee: str | None
    since: datetime
    run: UUID
    step: str | None
    round: int
    action: str
    kind: str
    state: str
    attempt: int
    name: str
    process: str
    process_version: int
    step_title: str | None
    project: UUID | None
    test: bool
    stream_version: int
    leads_to: str | None = None


@dataclass(frozen=True, slots=True)
class IncidentList:
    """Open incidents, the oldest first; ``more`` come after these, behind ``next_after``."""

    rows: tuple[IncidentRow, ...]
    position: int
    as_of: datetime
    behind: int = 0
    more: int = 0
    next_after: int | None = None


class Unlinked(NamedTuple):
    """A guest's open step whose guest has no link that opens; when the last one was sent (None: none ever was)."""

    run: UUID
    step: str
    sent_at: datetime | None


class Untold(NamedTuple):
    """A mail that not all whom it is for could get. ``step`` None: of the run as a whole; ``sent``: others have it."""

    run: UUID
    step: str | None
    step_title: str | None
    action: str
    whom: tuple[str, ...]
    at: datetime
    sent: bool
    roles: dict[str, str]
    """Who plays the roles of the run now."""


def due_actions(
    connection: Conn, now: datetime, kinds: Sequence[str], *, each: int, limit: int
) -> list[Named]:
    """What is to be tried now, the oldest first, at most ``each`` of one other side and ``limit`` in all."""
    wanted = {"now": now, "kinds": list(kinds), "each": each, "limit": limit}
    return [_named(row) for row in connection.execute(_SQL["due"], wanted)]


def started_actions(connection: Conn, kinds: Sequence[str]) -> list[Named]:
    """Actions of which an attempt was begun and no result is known."""
    return [_named(row) for row in connection.execute(_SQL["started"], {"kinds": list(kinds)})]


def actions(
    connection: Conn,
    run: UUID | None = None,
    state: str | None = None,
    kind: str | None = None,
    page: Page = FIRST,
) -> ActionList:
    """A page of what the machine did and has to do, the newest change first."""
    current = fresh(connection, "actions")
    asked = {"run": run, "state": state, "kind": kind, **page._asdict()}
    found = connection.execute(_SQL["list"], asked).fetchall()
    told = tuple(ActionRow(row[0], row[1] or None, *row[2:]) for row in found)
    return ActionList(told, *current, *left(_count(connection, "list_count", asked), page, len(told)))


def step_actions(connection: Conn, run: UUID) -> dict[str, list[tuple[int, StepAction]]]:
    """By step, with their rounds: what the steps themselves consist of, and what else is not over."""
    found: dict[str, list[tuple[int, StepAction]]] = {}
    for step, round_, *row in connection.execute(_SQL["of_steps"], {"run": run, "own": list(OWN)}):
        found.setdefault(step, []).append((round_, StepAction(*row)))
    return found


def incidents(
    connection: Conn, run: UUID | None = None, assignee: str | None = None, page: Page = FIRST
) -> IncidentList:
    """A page of what somebody has to decide, the oldest first."""
    current = fresh(connection, "actions")
    asked = {"run": run, "assignee": assignee, **page._asdict()}
    told = tuple(_incident(row) for row in connection.execute(_SQL["incidents"], asked))
    return IncidentList(told, *current, *left(_count(connection, "incidents_count", asked), page, len(told)))


def untold(connection: Conn, project: UUID | None) -> list[Untold]:
    """The mails about what is still open that somebody did not get, in one project or in all, the oldest first."""
    found = connection.execute(_SQL["untold"], {"project": project})
    return [Untold(row[0], row[1] or None, row[2], row[3], tuple(row[4]), *row[5:]) for row in found]


def unlinked(connection: Conn, project: UUID | None, now: datetime) -> list[Unlinked]:
    """Guests' open steps without a link that opens, and without one that is about to be sent."""
    wanted = {"project": project, "before": now - LIFETIME}
    return [Unlinked(*row) for row in connection.execute(_SQL["unlinked"], wanted)]


def loose_incidents(connection: Conn, project: UUID | None) -> list[IncidentRow]:
    """Open incidents that no open step shows: of a run as a whole, of a step that has ended, of a run that has."""
    return [_incident(row) for row in connection.execute(_SQL["loose_incidents"], {"project": project})]


def deciders(connection: Conn) -> dict[str, str | None]:
    """Whom each open incident asks to decide."""
    return dict(connection.execute(_SQL["deciders"]).fetchall())


def bound(connection: Conn) -> frozenset[str]:
    """The open incidents of mails that bring a guest a link: they go to that guest only."""
    return frozenset(incident for (incident,) in connection.execute(_SQL["bound"]))


def awaiting(connection: Conn, event: str, key: str, limit: int) -> Awaiting:
    """The runs that wait, will wait or have waited for this event under this key, those that wait first."""
    current = fresh(connection, "actions")
    found = connection.execute(_SQL["awaited"], {"event": event, "key": key, "limit": limit})
    return Awaiting(tuple(AwaitingRun(*row) for row in found), *current)


def ended_children(connection: Conn, apart: Sequence[UUID] = ()) -> list[Family]:
    """Child runs that have ended while their parent has not heard of it; ``apart`` are left out."""
    return [Family(*row) for row in connection.execute(_SQL["ended_children"], {"apart": list(apart)})]


def reopened_children(connection: Conn, apart: Sequence[UUID] = ()) -> list[Family]:
    """Child runs that were reopened after their parent heard of their end, and did not hear of that."""
    return [Family(*row) for row in connection.execute(_REOPENED, {"apart": list(apart)})]


def reopened_steps(connection: Conn) -> frozenset[tuple[UUID, str]]:
    """Runs and their steps that started a run which was reopened since."""
    return frozenset((run, step) for run, step in connection.execute(_REOPENED_STEPS))


def forlorn_children(connection: Conn, apart: Sequence[UUID] = ()) -> list[Family]:
    """Child runs that go on although nobody waits for them any more."""
    return [Family(*row) for row in connection.execute(_SQL["forlorn_children"], {"apart": list(apart)})]


def _count(connection: Conn, name: str, asked: dict[str, Any]) -> int:
    found = connection.execute(_SQL[name], asked).fetchone()
    return 0 if found is None else int(found[0])


def _incident(row: Sequence[Any]) -> IncidentRow:
    told: list[Any] = list(row)
    told[_STEP] = told[_STEP] or None
    return IncidentRow(*told)


def _named(row: Sequence[object]) -> Named:
    run, step, round_, action, lane = row
    return Named(run, step or None, round_, action, lane)  # type: ignore[arg-type]  # as the statement selects them
