"""Who works here and with whom; and how often a group gave somebody in turn, which says whose turn is next."""

from __future__ import annotations

from collections.abc import Iterator

from domain.words import RoleKey
from projections.engine.projection import Projection, Row, Source, Subject, Table
from projections.facts.people import GROUP_FACTS, PERSON_FACTS, GroupFacts, PersonFacts
from projections.facts.run import RunFacts
from projections.facts.run_folds import RUN_FACTS

PERSON = Table(
    "person",
    (
        "stream", "person", "name", "email", "manager", "weekly_hours", "active", "reason", "added_at", "left_at",
        "version",
    ),
)  # fmt: skip
GROUP = Table("work_group", ("stream", "work_group", "title", "state", "reason", "created_at", "version"))
MEMBER = Table("group_member", ("stream", "member", "work_group", "place"), key=2)
DRAW = Table("group_draw", ("stream", "role", "work_group"), key=2)


def _person_rows(subject: Subject) -> Iterator[tuple[int, Row]]:
    person: PersonFacts = subject.states[0]
    yield 0, (
        subject.stream, f"person:{person.key}", person.name, person.email, person.manager, person.weekly_hours,
        person.active, person.reason, person.added_at, person.left_at, subject.version,
    )  # fmt: skip


def _group_rows(subject: Subject) -> Iterator[tuple[int, Row]]:
    """A closed group keeps its row, without members: nobody is found in it any more."""
    group: GroupFacts = subject.states[0]
    key = f"group:{group.key}"
    yield 1, (subject.stream, key, group.title, group.state, group.reason, group.created_at, subject.version)
    if group.state == "open":
        for place, member in enumerate(group.members):
            yield 2, (subject.stream, member, key, place)


def _run_rows(subject: Subject) -> Iterator[tuple[int, Row]]:
    """A run has taken a turn of a group when a role that draws in turn is somebody's."""
    run: RunFacts = subject.states[0]
    for role in subject.definitions(run.process, run.process_version).document.roles:
        if (
            role.assign == "round_robin"
            and role.group
            and (run.roles.get(RoleKey(role.key)) or "").startswith("person:")
        ):
            yield 3, (subject.stream, role.key, f"group:{role.group}")


PEOPLE = Projection(
    "people",
    2,
    (PERSON, GROUP, MEMBER, DRAW),
    {
        "person": Source((PERSON_FACTS,), _person_rows),
        "group": Source((GROUP_FACTS,), _group_rows),
        "run": Source((RUN_FACTS,), _run_rows),
    },
    sql="people/rows",
)
