"""What is asked of actions: what the worker has to do, lists for people, and who waits for an event from outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.passes import LIFETIME
from domain.run.entailing import OWN
from projections.answers import StepAction
from projections.asking import Conn, fresh
from projections.paging import FIRST, Page, left
from projections.statements import ask, composed, statements, value_of, values_of
from projections.visible import Visible

_SQL = composed("machine/action_queries")
_REOPENINGS = statements("machine/reopening_queries")


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
    return ask(connection, _SQL["due"], Named, now=now, kinds=list(kinds), each=each, limit=limit)


def started_actions(connection: Conn, kinds: Sequence[str]) -> list[Named]:
    """Actions of which an attempt was begun and no result is known."""
    return ask(connection, _SQL["started"], Named, kinds=list(kinds))


def actions(
    connection: Conn,
    run: UUID | None = None,
    state: str | None = None,
    kind: str | None = None,
    page: Page = FIRST,
    *,
    visible: Visible,
) -> ActionList:
    """A page of what the machine did and has to do, the newest change first."""
    current = fresh(connection, "actions")
    asked = {"run": run, "state": state, "kind": kind, **page._asdict(), **visible.asked}
    told = tuple(ask(connection, _SQL["list"], ActionRow, **asked))
    total: int = value_of(connection, _SQL["list_count"], **asked)
    return ActionList(told, *current, *left(total, page, len(told)))


def step_actions(connection: Conn, run: UUID) -> dict[str, list[tuple[int, StepAction]]]:
    """By step, with their rounds: what the steps themselves consist of, and what else is not over."""
    found: dict[str, list[tuple[int, StepAction]]] = {}
    for each in ask(connection, _SQL["of_steps"], _OfStep, run=run, own=list(OWN)):
        action = StepAction(
            each.action,
            each.kind,
            each.state,
            each.attempt,
            each.reason,
            each.result,
            each.changed_at,
            each.next_at,
            each.incident,
        )
        found.setdefault(each.step, []).append((each.round, action))
    return found


class _OfStep(NamedTuple):
    """An action with its step and round."""

    round: int
    step: str
    action: str
    kind: str
    state: str
    attempt: int
    reason: str | None
    result: str | None
    changed_at: datetime
    next_at: datetime | None
    incident: UUID | None


def incidents(
    connection: Conn,
    run: UUID | None = None,
    assignee: str | None = None,
    page: Page = FIRST,
    *,
    visible: Visible,
) -> IncidentList:
    """A page of what somebody has to decide, the oldest first."""
    current = fresh(connection, "actions")
    asked = {"run": run, "assignee": assignee, **page._asdict(), **visible.asked}
    told = tuple(ask(connection, _SQL["incidents"], IncidentRow, **asked))
    total: int = value_of(connection, _SQL["incidents_count"], **asked)
    return IncidentList(told, *current, *left(total, page, len(told)))


def untold(connection: Conn, project: UUID | None) -> list[Untold]:
    """The mails about what is still open that somebody did not get, in one project or in all, the oldest first."""
    found = ask(connection, _SQL["untold"], Untold, project=project)
    return [each._replace(whom=tuple(each.whom)) for each in found]


def unlinked(connection: Conn, project: UUID | None, now: datetime) -> list[Unlinked]:
    """Guests' open steps without a link that opens, and without one that is about to be sent."""
    return ask(connection, _SQL["unlinked"], Unlinked, project=project, before=now - LIFETIME)


def loose_incidents(connection: Conn, project: UUID | None) -> list[IncidentRow]:
    """Open incidents that no open step shows: of a run as a whole, of a step that has ended, of a run that has."""
    return ask(connection, _SQL["loose_incidents"], IncidentRow, project=project)


def deciders(connection: Conn) -> dict[str, str | None]:
    """Whom each open incident asks to decide."""
    return dict(ask(connection, _SQL["deciders"], _Decider))


class _Decider(NamedTuple):
    """Whom an incident asks."""

    incident: str
    assignee: str | None


def bound(connection: Conn) -> frozenset[str]:
    """The open incidents of mails that bring a guest a link: they go to that guest only."""
    return frozenset(values_of(connection, _SQL["bound"]))


def awaiting(connection: Conn, event: str, key: str, limit: int) -> Awaiting:
    """The runs that wait, will wait or have waited for this event under this key, those that wait first."""
    current = fresh(connection, "actions")
    found = ask(connection, _SQL["awaited"], AwaitingRun, event=event, key=key, limit=limit)
    return Awaiting(tuple(found), *current)


def ended_children(connection: Conn, apart: Sequence[UUID] = ()) -> list[Family]:
    """Child runs that have ended while their parent has not heard of it; ``apart`` are left out."""
    return ask(connection, _SQL["ended_children"], Family, apart=list(apart))


def reopened_children(connection: Conn, apart: Sequence[UUID] = ()) -> list[Family]:
    """Child runs that were reopened after their parent heard of their end, and did not hear of that."""
    return ask(connection, _REOPENINGS["reopened_children"], Family, apart=list(apart))


def reopened_steps(connection: Conn) -> frozenset[tuple[UUID, str]]:
    """Runs and their steps that started a run which was reopened since."""
    return frozenset(
        (each.run, each.step) for each in ask(connection, _REOPENINGS["reopened_steps"], _Reopened)
    )


class _Reopened(NamedTuple):
    """A step that started a run which was reopened."""

    run: UUID
    step: str


def forlorn_children(connection: Conn, apart: Sequence[UUID] = ()) -> list[Family]:
    """Child runs that go on although nobody waits for them any more."""
    return ask(connection, _SQL["forlorn_children"], Family, apart=list(apart))
