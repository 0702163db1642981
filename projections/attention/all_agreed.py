"""Approvals that everybody has to give and that wait only for somebody who has left: one more word ends them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from domain.definition import Definition
from domain.words import StepKey
from projections.asking import Conn, NotFound
from projections.attention.context import Agreed
from projections.people.queries import SQL
from projections.run.queries import definition_of


def all_agreed(connection: Conn, project: UUID | None = None) -> dict[tuple[UUID, str], Agreed]:
    """By run and step: what nobody who is left in its group is missing from.

    A member whose own work is judged, as far as it is known who completed it, is not waited for.
    """
    asked = {"project": project}
    found: list[tuple[Any, ...]] = connection.execute(SQL["partly_agreed"].encode(), asked).fetchall()
    known: dict[tuple[str, int], Definition] = {}
    agreed: dict[tuple[UUID, str], Agreed] = {}
    for run, step, process, version, group, by, since, missing, done in found:
        try:
            definition = known.get((process, version)) or definition_of(connection, process, version)
        except NotFound:
            continue  # a parked run: nothing can be done about it here
        known[process, version] = definition
        if _needs_all(definition, StepKey(step)) and set(missing) <= _partial(
            definition, StepKey(step), done
        ):
            agreed[run, step] = Agreed(tuple(by), group, since)
    return agreed


def _needs_all(definition: Definition, step: StepKey) -> bool:
    known = definition.steps.get(step)
    return known is not None and known.approval is not None and known.approval.needs == "all"


def _partial(definition: Definition, step: StepKey, done: dict[str, str]) -> set[str]:
    """Who did what the approval is about, or what its actor must not have done; ``done``: who did which step."""
    known = definition.steps[step]
    covers = known.approval.covers if known.approval else ()
    judged = (*(covers or definition.dependencies[step]), *known.actor_differs_from)
    return {done[key] for key in judged if key in done}
