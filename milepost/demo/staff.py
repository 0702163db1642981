"""Who works in the demonstration: people with their managers, and the groups that share work."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from domain.directory import EMPTY, Directory, PersonFacts
from domain.events import Event
from domain.group import GROUP, Group, add_group_member, create_group
from domain.person import PERSON, Person, add_person
from domain.words import Actor, Assignee, group_stream, person_stream
from store.repository import Repository

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


def bring_in(repository: Repository, by: Actor, at: datetime) -> Directory:
    """Add whoever is missing; everybody who works here."""
    house = EMPTY
    for key, name, manager, hours in STAFF:
        boss = None if manager is None else Assignee(f"person:{manager}")
        facts = PersonFacts(name, f"{key}@milepost.example", boss, weekly_hours=hours)
        _add(repository, key, facts, house, by, at)
        house = Directory({**house.people, Assignee(f"person:{key}"): facts})
    for key, title, members in GROUPS:
        _gather(repository, key, title, members, house, by, at)
    return house


def _add(
    repository: Repository, key: str, facts: PersonFacts, house: Directory, by: Actor, at: datetime
) -> None:
    def decide(person: Person | None) -> Sequence[Event]:
        if person is not None:
            return []
        return add_person(
            None,
            key,
            facts.name,
            facts.email,
            facts.manager,
            facts.weekly_hours,
            directory=house,
            by=by,
            at=at,
        )

    repository.execute(PERSON, person_stream(key), decide)


def _gather(
    repository: Repository,
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
        repository.execute(
            GROUP,
            group_stream(key),
            lambda group: add_group_member(group or Group(), member, directory=house, by=by, at=at),
        )

    if repository.execute(GROUP, group_stream(key), create).events:
        for member in members:
            join(Assignee(f"person:{member}"))
