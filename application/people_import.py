"""Brings a sheet of people into the house: checked whole first, then by the same functions as everything else."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass, field, replace
from typing import Any

from application import people
from application.asked import Asked
from application.milepost import Milepost, Outcome
from application.rights.subjects import OfHouse
from domain.people_sheet import Fault, Plan, Row, plan, read_sheet
from domain.words import Rejected
from store.errors import LogError


@dataclass(slots=True)
class Imported:
    """What a sheet does here, or would do, and what is wrong in it; ``done``: whether anything was carried out."""

    done: bool = False
    added: list[str] = field(default_factory=list)
    changed: list[dict[str, object]] = field(default_factory=list)
    unchanged: int = 0
    groups: list[str] = field(default_factory=list)
    members: list[dict[str, str]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    position: int = 0


async def import_people(
    app: Milepost, text: str, asked: Asked, *, dry_run: bool = False, partial: bool = False
) -> Imported:
    """Add and change everybody whom the sheet names; with a fault anywhere nothing is done, unless ``partial``.

    The same sheet twice changes nothing. Should the house change under it, the line that could not be carried out is
    told as a fault; the sheet can be sent again.
    """
    await app.gate.must("people_import.import_people", asked, OfHouse())
    found = plan(read_sheet(text), await app.directories.now())
    told = _told(found)
    if dry_run or (found.faults and not partial):
        return told
    return await _carry_out(app, found, told, replace(asked, command=None, expected_version=None))


def _told(found: Plan) -> Imported:
    return Imported(
        False,
        [each.row.key for each in found.changes if each.new],
        [{"person": each.row.key, **each.facts} for each in found.changes if not each.new],
        found.unchanged,
        list(found.groups),
        [{"group": group, "person": row.key} for row, group in found.members],
        found.faults,
    )


async def _carry_out(app: Milepost, found: Plan, told: Imported, asked: Asked) -> Imported:
    """Groups, then people with their managers before them, then who is in which group."""
    told.done = True

    async def one(row: Row | None, column: str, work: Awaitable[Outcome[Any]]) -> None:
        try:
            told.position = max(told.position, (await work).position)
        except (Rejected, LogError) as error:
            code = error.code if isinstance(error, Rejected) else "conflict"
            detail = error.detail if isinstance(error, Rejected) else str(error)
            told.faults.append(Fault(0 if row is None else row.line, column, code, detail))

    for group in found.groups:
        title = group.replace("_", " ").capitalize()
        await one(None, "groups", people.create_group(app, group, asked, title=title))
    for each in found.changes:
        row = each.row
        if each.new:
            work = people.add_person(
                app, row.key, asked, name=row.name or row.key, email=row.email, manager=row.manager,
                weekly_hours=row.weekly_hours,
            )  # fmt: skip
        else:
            work = people.change_person(app, row.key, asked, changes=each.facts)
        await one(row, "key", work)
    for row, group in found.members:
        await one(row, "groups", people.add_group_member(app, group, asked, member=row.person))
    return told
