"""Approvals that everybody has to give and that wait only for somebody who has left: one more word ends them."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.definition import Definition
from domain.words import StepKey
from projections.asking import Conn, NotFound
from projections.attention.context import Agreed
from projections.run.queries import definition_of
from projections.statements import ask, statements

_SQL = statements("attention/approvals")


def all_agreed(connection: Conn, project: UUID | None = None) -> dict[tuple[UUID, str], Agreed]:
    """By run and step: what nobody who is left in its group is missing from.

    A member whose own work is judged, as far as it is known who completed it, is not waited for.
    """
    known: dict[tuple[str, int], Definition] = {}
    agreed: dict[tuple[UUID, str], Agreed] = {}
    for each in ask(connection, _SQL["partly_agreed"], _PartlyAgreed, project=project):
        version = each.process, each.process_version
        try:
            definition = known.get(version) or definition_of(connection, *version)
        except NotFound:
            continue  # a parked run: nothing can be done about it here
        known[version] = definition
        if _needs_all(definition, each.step) and set(each.missing) <= _partial(
            definition, each.step, each.done
        ):
            agreed[each.run, each.step] = Agreed(tuple(each.by), each.group_title, each.since)
    return agreed


class _PartlyAgreed(NamedTuple):
    """An approval that waits for more; ``missing``: who is in the group and has not given one."""

    run: UUID
    step: StepKey
    process: str
    process_version: int
    group_title: str
    by: list[str]
    since: datetime | None
    missing: list[str]
    done: dict[str, str]


def _needs_all(definition: Definition, step: StepKey) -> bool:
    known = definition.steps.get(step)
    return known is not None and known.approval is not None and known.approval.needs == "all"


def _partial(definition: Definition, step: StepKey, done: dict[str, str]) -> set[str]:
    """Who did what the approval is about, or what its actor must not have done; ``done``: who did which step."""
    known = definition.steps[step]
    covers = known.approval.covers if known.approval else ()
    judged = (*(covers or definition.dependencies[step]), *known.actor_differs_from)
    return {done[key] for key in judged if key in done}
