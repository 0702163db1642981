"""Approvals that cannot be given by enough people, because those who could did what they are about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from domain.definition import Definition
from domain.events import Event
from domain.run import RUN, Run
from domain.run.impartial import is_impartial
from domain.words import Actor, StepKey
from projections.asking import Conn
from projections.engine.reading import LogDefinitions, UnknownDefinition, head, read_streams
from projections.statements import ask, statements

_SQL = statements("attention/approvals")


class Wanting(NamedTuple):
    """What an approval lacks: so many different people (``needed``), of whom only these are able.

    ``group`` and ``title`` are of the group whose work it is (None: of one person's, or nobody's); ``owner``: whoever
    is proposed.
    """

    needed: int
    able: tuple[str, ...]
    group: str | None
    title: str | None
    owner: str | None


@dataclass
class _Open:
    """An open approval with those whose work it is, and those of them who seem to have had a part in what it judges."""

    run: UUID
    step: StepKey
    owner: str | None
    definition: Definition
    group: str | None
    title: str | None
    approved: tuple[str, ...]
    members: tuple[str, ...]
    suspects: set[str] = field(default_factory=set)

    @property
    def needed(self) -> int:
        known = self.definition.steps[self.step].approval
        return known.needs if self.group and known is not None and isinstance(known.needs, int) else 1

    def lacks(self, barred: Iterable[str]) -> bool:
        """Whether too few are left when these may not judge it. Where all have to agree, one who did is enough."""
        return len({*self.members, *self.approved} - set(barred)) < self.needed


def wanting(
    connection: Conn, project: UUID | None, owners: Mapping[UUID, str | None]
) -> dict[tuple[UUID, str], Wanting]:
    """By run and step, in one project or in all. Runs are only read where somebody seems to have had a part."""
    found = _open_approvals(connection, project, owners)
    _suspect(connection, found)
    doubtful = [each for each in found if each.lacks(each.suspects)]
    runs = _runs(connection, {each.run for each in doubtful})
    told: dict[tuple[UUID, str], Wanting] = {}
    for each in doubtful:
        run = runs.get(each.run)
        if run is not None and (lack := _lack(each, run)) is not None:
            told[each.run, each.step] = lack
    return told


def _lack(each: _Open, run: Run) -> Wanting | None:
    known = each.definition.steps[each.step]
    people = {*each.members, *each.approved, *([each.owner] if each.owner else ())}
    barred = {who for who in people if not is_impartial(run, each.definition, known, Actor(who))}
    if not each.lacks(barred):
        return None
    able = tuple(who for who in each.members if who not in barred)
    spare = each.owner is not None and each.owner not in barred and each.owner not in each.members
    return Wanting(each.needed, able, each.group, each.title, each.owner if spare else None)


def _open_approvals(connection: Conn, project: UUID | None, owners: Mapping[UUID, str | None]) -> list[_Open]:
    definitions, found = LogDefinitions(connection), []
    for each in ask(connection, _SQL["open_approvals"], _OpenApproval, project=project):
        try:
            definition = definitions(each.process, each.process_version)
        except UnknownDefinition:
            continue  # a parked run: nothing can be done about it here
        if (each.members or each.work_group is None) and each.step in definition.steps:
            owner = owners.get(each.project) if each.project else None
            found.append(
                _Open(
                    each.run,
                    each.step,
                    owner,
                    definition,
                    each.work_group,
                    each.title,
                    tuple(each.approved),
                    tuple(each.members),
                )
            )
    return found


class _OpenApproval(NamedTuple):
    """An open approval; ``members``: whoever it is given to."""

    run: UUID
    step: StepKey
    project: UUID | None
    process: str
    process_version: int
    work_group: str | None
    title: str | None
    approved: list[str]
    members: list[str]


class _Deed(NamedTuple):
    """That somebody did something at a step, or with the run as a whole."""

    run: UUID
    step: str | None
    who: str


def _suspect(connection: Conn, found: list[_Open]) -> None:
    """Note who of its people did anything at the steps that an approval can be about."""
    runs = list({each.run for each in found})
    people = list({who for each in found for who in each.members})
    did: dict[UUID, set[tuple[str | None, str]]] = {}
    for run, step, who in ask(connection, _SQL["deeds"], _Deed, runs=runs, people=people):
        did.setdefault(run, set()).add((step, who))
    for each in found:
        about = _about(each.definition, each.step)
        each.suspects = {
            who
            for step, who in did.get(each.run, ())
            if who in each.members and (step is None or step in about)
        }


def _about(definition: Definition, step: StepKey) -> set[str]:
    """Every step that the approval may be about, or that wants another actor than it."""
    known = definition.steps[step]
    covers = known.approval.covers if known.approval else ()
    about: set[str] = {*known.actor_differs_from, *definition.differs_from(step), *covers}
    waiting = [] if covers else [*definition.dependencies[step]]
    while waiting:
        other = waiting.pop()
        if other not in about:
            about.add(other)
            waiting += definition.dependencies[other]
    return about


def _runs(connection: Conn, streams: set[UUID]) -> dict[UUID, Run]:
    """The runs as they stand, from the log; not those that a newer release wrote to."""
    runs: dict[UUID, Run] = {}
    for stream, events in read_streams(connection, streams, head(connection)).items() if streams else ():
        past = [event[4] for event in events if isinstance(event[4], Event)]
        run = RUN.fold(past) if len(past) == len(events) else None
        if run is not None:
            runs[stream] = run
    return runs
