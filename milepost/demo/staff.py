"""Who works in the demonstration: people with their managers, and the groups that share work."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from application.milepost import Milepost
from domain.directory import Directory, GroupFacts, PersonFacts
from domain.events import Event
from domain.group import GROUP, Group, add_group_member, create_group
from domain.person import PERSON, Person, add_person, change_person
from domain.words import Actor, Assignee, group_stream, person_stream
from milepost.up.welcome import OWNER_NAME

STAFF: tuple[tuple[str, str, str | None, float], ...] = (
    ("owner", "Robin Hale", None, 40), ("dana", "Dana Roth", "owner", 40), ("ines", "Ines Costa", "owner", 40),
    ("bo", "Bo Ek", "dana", 40), ("marek", "Marek Nowak", "dana", 40), ("yuki", "Yuki Tanaka", "dana", 32),
    ("amara", "Amara Obi", "dana", 40), ("tomas", "Tomás Vega", "ines", 40), ("leila", "Leila Amiri", "ines", 24),
    ("noah", "Noah Klein", "ines", 40), ("priya", "Priya Nair", "ines", 40), ("olga", "Olga Ivanova", "ines", 20),
    ("sam", "Sam Reed", "dana", 40), ("chen", "Chen Wu", "dana", 40), ("ruth", "Ruth Adler", "ines", 32),
)  # fmt: skip
"""Key, name, manager, hours of a week; a manager comes before those who answer to them."""
GROUPS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("legal", "Legal", ("leila", "ruth")),
    ("it", "IT", ("chen", "sam", "yuki")),
    ("people_team", "People team", ("ines", "olga", "priya")),
)


def house() -> Directory:
    """Everybody who works in the demonstration, as decisions know them."""
    people = {
        Assignee(f"person:{key}"): PersonFacts(
            name,
            f"{key}@milepost.example",
            None if boss is None else Assignee(f"person:{boss}"),
            weekly_hours=hours,
        )
        for key, name, boss, hours in STAFF
    }
    groups = {
        Assignee(f"group:{key}"): GroupFacts(title, tuple(Assignee(f"person:{one}") for one in members))
        for key, title, members in GROUPS
    }
    return Directory(people, groups)


def bring_in(app: Milepost, by: Actor, at: datetime) -> Directory:
    """Add whoever is missing; everybody who works here."""
    everybody = house()
    for key, *_ in STAFF:
        _add(app, key, everybody.people[Assignee(f"person:{key}")], everybody, by, at)
    for key, title, members in GROUPS:
        _gather(app, key, title, members, everybody, by, at)
    return everybody


def _add(app: Milepost, key: str, facts: PersonFacts, house: Directory, by: Actor, at: datetime) -> None:
    told = (facts.name, facts.email, facts.manager, facts.weekly_hours)

    def decide(person: Person | None) -> Sequence[Event]:
        """Who is there stays as they are, but the owner: whoever started Milepost plays them."""
        if person is None:
            return add_person(None, key, *told, directory=house, by=by, at=at)
        if person.name == OWNER_NAME and by == f"person:{key}":
            return change_person(person, *told, directory=house, by=by, at=at)
        return []

    app.execute(PERSON, person_stream(key), decide)


def _gather(
    app: Milepost,
    key: str,
    title: str,
    members: tuple[str, ...],
    house: Directory,
    by: Actor,
    at: datetime,
) -> None:
    def create(group: Group | None) -> Sequence[Event]:
        return [] if group is not None else create_group(None, key, title, by=by, at=at)

    def join(member: Assignee) -> None:
        app.execute(
            GROUP,
            group_stream(key),
            lambda group: add_group_member(group or Group(), member, directory=house, by=by, at=at),
        )

    if app.execute(GROUP, group_stream(key), create).events:
        for member in members:
            join(Assignee(f"person:{member}"))
