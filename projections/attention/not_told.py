"""Who could not be told of what is theirs, as far as that is still so, and what would mend it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from domain.addresses import AddressBook, reach, reach_here
from domain.definition import Definition
from domain.directory import Directory
from domain.mail_address import is_address
from domain.passes import LIFETIME
from domain.run import Run
from domain.run.nudging import hears
from domain.run.state import altered
from domain.words import Assignee, RoleKey
from projections.asking import Conn
from projections.attention.open_steps import OpenStep
from projections.engine.reading import LogDefinitions, UnknownDefinition
from projections.machine.action_queries import Untold, unlinked, untold
from projections.people.directory import read
from projections.statements import ask, statements

_SQL = statements("attention/not_told")

WHAT = {
    "assigned": "was given to somebody", "escalation": "is long overdue", "help": "needs help",
    "mention": "somebody was mentioned", "reminder": "is to be done", "timeout": "takes too long",
    "overdue": "is overdue", "done": "is done", "ready": "is ready", "forecast": "is at risk",
    "migration": "follows another version",
}  # fmt: skip
"""What the mail that was not sent would have told, by the word of its action."""


class NotTold(NamedTuple):
    """Mails about a step (None: about the run) that did not tell somebody: of what, whom, since when, what is missing.

    ``sent``: others were told; ``person``: somebody who is here and has no address; ``role``: one that nobody plays.
    """

    step: str | None
    title: str | None
    what: str
    whom: tuple[str, ...]
    since: datetime
    sent: bool
    person: str | None
    role: str | None

    @property
    def mends(self) -> bool:
        """Whether something can be done about it."""
        return any(each is not None for each in (self.step, self.person, self.role))


@dataclass(frozen=True)
class Telling:
    """By run whom mails did not reach; by run and step when the last link of a guest was sent that opens no more.

    ``deaf``: the open steps of which nobody would hear if they were reminded of.
    """

    untold: Mapping[UUID, Sequence[NotTold]] = field(default_factory=dict)
    unlinked: Mapping[tuple[UUID, str], datetime | None] = field(default_factory=dict)
    deaf: frozenset[tuple[UUID, str]] = frozenset()

    @property
    def people(self) -> set[str]:
        """Everybody who is named."""
        return {who for found in self.untold.values() for one in found for who in one.whom}


def telling(
    connection: Conn, project: UUID | None, now: datetime, steps: Mapping[UUID, Sequence[OpenStep]]
) -> Telling:
    """In one project or in all; ``steps`` are the open ones there."""
    directory = read(connection)[1]
    told: dict[UUID, list[NotTold]] = {}
    seen: set[tuple[UUID, str | None, tuple[str, ...]]] = set()
    for one in untold(connection, project):
        if (one.run, one.step, one.whom) not in seen and not _reached_now(one, directory):
            seen.add((one.run, one.step, one.whom))
            told.setdefault(one.run, []).append(_not_told(one, directory))
    links = {(one.run, one.step): one.sent_at for one in unlinked(connection, project, now)}
    given = [step for found in steps.values() for step in found if step.assignee is not None]
    return Telling(told, links, _deaf(connection, given, directory))


def _deaf(connection: Conn, steps: Sequence[OpenStep], directory: Directory) -> frozenset[tuple[UUID, str]]:
    """Of somebody who is not here, of a group without members, of a guest without an address."""
    runs = {step.run for step in steps if (step.assignee or "").startswith("guest:")}
    guests = _guests(connection, runs) if runs else {}
    book, deaf = AddressBook.of(directory), set()
    for step in steps:
        who, known = Assignee(step.assignee or ""), guests.get(step.run)
        if not who.startswith("guest:"):
            found = reach_here(who, book)
        elif known is None:
            continue  # a parked run: nothing can be done about it here
        else:
            found = reach([who], known.run, known.definition, book)
        if not hears(who, found, directory):
            deaf.add((step.run, step.step))
    return frozenset(deaf)


class _Guests(NamedTuple):
    """As much of a run as the addresses of its guests are found by."""

    run: Run
    definition: Definition


def _guests(connection: Conn, runs: set[UUID]) -> dict[UUID, _Guests]:
    definitions, found = LogDefinitions(connection), {}
    for each in ask(connection, _SQL["guests"], _GuestsRun, runs=list(runs)):
        try:
            definition = definitions(each.process, each.process_version)
        except UnknownDefinition:
            continue  # a parked run: nothing can be done about it here
        values = {f"inputs.{name}": value for name, value in (each.inputs or {}).items()}
        found[each.run] = _Guests(Run(roles=each.roles, values=values), definition)
    for given in ask(connection, _SQL["given"], _Given, **_sources(found)):
        told = {f"{given.step}.{name}": value for name, value in given.values.items()}
        known = found[given.run]
        found[given.run] = known._replace(run=altered(known.run, values={**known.run.values, **told}))
    return found


class _GuestsRun(NamedTuple):
    """A run of whose guests something is asked."""

    run: UUID
    process: str
    process_version: int
    roles: dict[RoleKey, Assignee]
    inputs: dict[str, Any] | None


class _Given(NamedTuple):
    """What was entered at a step."""

    run: UUID
    step: str
    values: dict[str, Any]


def _sources(found: Mapping[UUID, _Guests]) -> dict[str, list[Any]]:
    """The steps whose fields hold the addresses of guests, run by run."""
    pairs = [
        (run, path.partition(".")[0])
        for run, known in found.items()
        for path in known.definition.address_fields.values()
    ]
    return {"runs": [run for run, _ in pairs], "steps": [step for _, step in pairs]}


def _reached_now(one: Untold, directory: Directory) -> bool:
    """Whether somebody whom the mail was for has got an address since, or the role somebody: the next mail arrives.

    Where others were told, everybody who is missing has to have one; whoever has left is missed no more.
    """
    roles = [who.removeprefix("role:") for who in one.whom if who.startswith("role:")]
    if any(role in one.roles for role in roles):
        return True
    people = [Assignee(who) for whom in one.whom for who in (directory.members(whom) or (whom,))]
    reached = [_has_address(who, directory) for who in people if directory.is_active(who)]
    return all(reached) and not roles if one.sent else any(reached)


def _has_address(who: str, directory: Directory) -> bool:
    facts = directory.people.get(Assignee(who))
    return facts is not None and is_address(facts.email or "")


def _not_told(one: Untold, directory: Directory) -> NotTold:
    first, _, rest = one.action.partition(":")
    word = rest.partition(":")[0] if first == "notice" else first
    whom = tuple(who for who in one.whom if not _has_address(who, directory))
    here = next((who for who in whom if directory.is_active(who)), None)
    role = next((who.removeprefix("role:") for who in whom if who.startswith("role:")), None)
    return NotTold(one.step, one.step_title, WHAT.get(word, "is open"), whom, one.at, one.sent, here, role)


def untold_words(one: NotTold, run: str, called: Callable[[str], str]) -> str:
    """Of what nobody was told, or not everybody, and what is missing."""
    if one.role is not None:
        lack = f"nobody plays {one.role.replace('_', ' ')}"
    else:
        names = " and ".join(map(called, one.whom))
        lack = f"{names} {'has' if len(one.whom) == 1 else 'have'} no mail address"
    told = "not everybody" if one.sent else "nobody"
    return f"{one.title or run} {one.what}, and {told} was told: {lack}"


def unlinked_words(title: str, who: str, sent_at: datetime | None, day: Callable[[datetime], str]) -> str:
    """That a guest cannot come in, and since when."""
    said = f"{who} has no link to {title}"
    return said if sent_at is None else f"{said}: the last one ended on {day(sent_at + LIFETIME)}"
