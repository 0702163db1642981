"""A sheet of people as an administrator has it from elsewhere: read, checked whole, and compared with who is here.

One line a person: ``key,name,email,manager,weekly_hours,groups``. Only ``key`` and ``name`` have to be there. What a
sheet does not say stays as it is: an empty cell takes nothing away, and nobody leaves a group or the house by it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from domain import person as people
from domain.directory import EMPTY, Directory, why_not_here
from domain.group import KEY as GROUP_KEY
from domain.words import Actor, Assignee, Rejected

COLUMNS = ("key", "name", "email", "manager", "weekly_hours", "groups")
NEEDED = ("key", "name")
MOST_LINES = 5_000
MOST_FAULTS = 100
_BETWEEN_GROUPS = re.compile(r"[;,|\s]+")
_SOMEBODY, _SOME_TIME = Actor("service:import"), datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in the sheet, and where: the line as an editor counts it, the column by its title."""

    line: int
    column: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Row:
    """One person of the sheet; what the sheet does not say is None."""

    line: int
    key: str
    name: str | None = None
    email: str | None = None
    manager: Assignee | None = None
    weekly_hours: float | None = None
    groups: tuple[str, ...] = ()

    @property
    def person(self) -> Assignee:
        """Who it is."""
        return Assignee(f"person:{self.key}")


@dataclass(frozen=True, slots=True)
class Sheet:
    """What could be read of a sheet, and what could not."""

    rows: tuple[Row, ...] = ()
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """Somebody to be added, or what is to be different about somebody who is here."""

    row: Row
    new: bool
    facts: Mapping[str, Any]


@dataclass(slots=True)
class Plan:
    """What a sheet would do here: people with their managers before them, groups, who comes into which."""

    changes: list[Change] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    members: list[tuple[Row, str]] = field(default_factory=list)
    unchanged: int = 0
    faults: list[Fault] = field(default_factory=list)


def read_sheet(text: str) -> Sheet:
    """The lines of a sheet, separated by commas or by semicolons, as its first line has it."""
    text = text.removeprefix("\ufeff")
    head = text.partition("\n")[0]
    between = ";" if head.count(";") > head.count(",") else ","
    lines = csv.reader((f"{line}\n" for line in text.split("\n")), delimiter=between, strict=True)
    try:
        titles = [title.strip().lower() for title in next(lines)]
        wrong = list(_titles(titles))
        return Sheet((), tuple(wrong)) if wrong else _rows(lines, titles, between)
    except csv.Error as error:
        return Sheet((), (Fault(lines.line_num, "", "not_csv", f"this is no CSV: {error}"),))


def _titles(titles: list[str]) -> Iterator[Fault]:
    known = ", ".join(COLUMNS)
    for title in dict.fromkeys(titles):
        if title not in COLUMNS:
            yield Fault(1, title, "unknown_column", f"no column is called {title!r}: there are {known}")
        elif titles.count(title) > 1:
            yield Fault(1, title, "said_twice", "this column is there twice")
    for needed in NEEDED:
        if needed not in titles:
            yield Fault(1, needed, "missing", f"a sheet needs the column {needed}")


def _rows(lines: Any, titles: list[str], between: str) -> Sheet:
    rows: list[Row] = []
    faults: list[Fault] = []
    begun = lines.line_num + 1
    for cells in lines:
        at, begun = begun, lines.line_num + 1
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(titles):
            faults.append(
                Fault(at, "", "wrong_length", f"{len(cells)} cells, where the first line has {len(titles)}")
            )
        elif len(rows) == MOST_LINES:
            faults.append(
                Fault(at, "", "too_many_lines", f"a sheet may have {MOST_LINES} people; send it in parts")
            )
            break
        else:
            said = {title: cell.strip() for title, cell in zip(titles, cells, strict=True)}
            wrong, row = _row(at, said, between)
            faults += wrong
            rows.append(row)
    return Sheet(tuple(rows), tuple(faults))


def _row(at: int, said: Mapping[str, str], between: str) -> tuple[list[Fault], Row]:
    hours, faults = said.get("weekly_hours", ""), []
    try:
        worked = float(hours.replace(",", ".") if between == ";" else hours) if hours else None
    except ValueError:
        worked = None
        faults.append(
            Fault(at, "weekly_hours", "bad_hours", f"{hours!r} is no number of hours, such as 38.5")
        )
    manager = said.get("manager", "").removeprefix("person:")
    groups = tuple(key for key in _BETWEEN_GROUPS.split(said.get("groups", "")) if key)
    row = Row(
        at, said["key"].removeprefix("person:"), said["name"] or None, said.get("email") or None,
        Assignee(f"person:{manager}") if manager else None, worked, tuple(dict.fromkeys(groups)),
    )  # fmt: skip
    return faults + list(_cells(row)), row


def _cells(row: Row) -> Iterator[Fault]:
    """What no person may be called, reached at or work: by the rules by which everybody is added."""
    tried: dict[str, Callable[[], object]] = {
        "key": lambda: _added(key=row.key),
        "name": lambda: _added(name=row.name or ""),
        "email": lambda: _added(email=row.email),
        "weekly_hours": lambda: _added(weekly_hours=row.weekly_hours),
    }
    for column, attempt in tried.items():
        try:
            attempt()
        except Rejected as why:
            yield Fault(row.line, column, why.code, why.detail)
    for group in row.groups:
        if not GROUP_KEY.fullmatch(group):
            accepted = "lower-case letters, digits and underscores, a letter first"
            yield Fault(row.line, "groups", "bad_key", f"{group!r} cannot be the key of a group: {accepted}")


def _added(
    key: str = "x", name: str = "x", email: str | None = None, weekly_hours: float | None = None
) -> object:
    return people.add_person(
        None, key, name, email, None, weekly_hours, directory=EMPTY, by=_SOMEBODY, at=_SOME_TIME
    )


def plan(sheet: Sheet, house: Directory) -> Plan:
    """What the sheet would do in this house. Of a line with a fault nothing is planned, nor of who answers to it."""
    made = Plan(faults=list(sheet.faults))
    wrong = {fault.line for fault in made.faults}
    rows: dict[Assignee, Row] = {}
    for row in sheet.rows:
        faults = [] if row.line in wrong else list(_against(row, rows, house))
        made.faults += faults
        if row.line not in wrong and not faults:
            rows[row.person] = row
    for row in _managers_first(rows, house, made.faults):
        _compare(row, house, made)
    made.faults.sort(key=lambda fault: fault.line)
    return made


def _against(row: Row, rows: Mapping[Assignee, Row], house: Directory) -> Iterator[Fault]:
    if row.person in rows:
        yield Fault(
            row.line, "key", "said_twice", f"{row.key} stands in line {rows[row.person].line} already"
        )
    if house.has_left(row.person):
        yield Fault(row.line, "key", "person_deactivated", f"{row.key} has left; reactivate them first")
    for group in row.groups:
        facts = house.groups.get(Assignee(f"group:{group}"))
        if facts is not None and facts.closed:
            yield Fault(
                row.line, "groups", "group_closed", f"{facts.title} is closed, for good; name another"
            )


def _managers_first(rows: dict[Assignee, Row], house: Directory, faults: list[Fault]) -> Iterator[Row]:
    """Everybody after their manager; whose manager is nobody, or answers to them, is a fault."""
    done: dict[Assignee, bool] = {}
    for person, row in rows.items():
        way: list[Row] = []
        while person not in done:
            done[person] = False
            way.append(rows[person])
            above = rows[person].manager
            if above is None or above not in rows:
                break
            person = above  # noqa: PLW2901 - walks upwards
        for each in reversed(way):
            fault = _manager_fault(each, rows, house, done)
            done[each.person] = fault is None
            if fault is None:
                yield each
            else:
                faults.append(fault)
        del row


def _manager_fault(
    row: Row, rows: Mapping[Assignee, Row], house: Directory, done: Mapping[Assignee, bool]
) -> Fault | None:
    above = row.manager
    if above is None:
        return None
    if row.person in _chain(above, rows, house):
        return Fault(
            row.line, "manager", "manager_cycle", f"{above} answers to {row.key}, by this sheet or already"
        )
    if above in rows:
        return (
            None
            if done[above]
            else Fault(row.line, "manager", "unknown_person", f"the line of {above} is wrong")
        )
    why = why_not_here(above, house)
    return None if why is None else Fault(row.line, "manager", "unknown_person", why)


def _chain(person: Assignee, rows: Mapping[Assignee, Row], house: Directory) -> set[Assignee]:
    """Somebody and all whom they answer to, as the sheet has it, and where it says nothing, the house."""
    seen: set[Assignee] = set()
    now: Assignee | None = person
    while now is not None and now not in seen:
        seen.add(now)
        said = rows[now].manager if now in rows else None
        facts = house.people.get(now)
        now = said or (None if facts is None else facts.manager)
    return seen


def _compare(row: Row, house: Directory, made: Plan) -> None:
    """What is new or different about one person."""
    said = {"name": row.name, "email": row.email, "manager": row.manager, "weekly_hours": row.weekly_hours}
    facts = house.people.get(row.person)
    told = {name: value for name, value in said.items() if value is not None}
    differs = {name: value for name, value in told.items() if facts is None or getattr(facts, name) != value}
    new_in = [group for group in row.groups if not _is_in(row.person, group, house)]
    if differs:
        made.changes.append(Change(row, facts is None, differs))
    elif not new_in:
        made.unchanged += 1
    for group in new_in:
        if Assignee(f"group:{group}") not in house.groups and group not in made.groups:
            made.groups.append(group)
        made.members.append((row, group))


def _is_in(person: Assignee, group: str, house: Directory) -> bool:
    facts = house.groups.get(Assignee(f"group:{group}"))
    return facts is not None and person in facts.members
