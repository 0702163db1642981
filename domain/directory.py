"""Who works here and with whom, as a value: what decisions ask when a rule says "the group" or "the manager"."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from domain.words import Actor, Assignee, Rejected


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """What decisions know of somebody; who is not active takes no more work."""

    name: str
    email: str | None = None
    manager: Assignee | None = None
    active: bool = True
    weekly_hours: float | None = None


@dataclass(frozen=True, slots=True)
class GroupFacts:
    """A group that takes work; ``turn`` counts how often somebody was drawn from it in turn."""

    title: str
    members: tuple[Assignee, ...] = ()
    turn: int = 0


@dataclass(frozen=True, slots=True)
class Directory:
    """People by ``person:KEY``, groups by ``group:KEY`` (a closed one without members), open work by person.

    People whom nobody added are strangers: they may be given work by name, but no rule finds them.
    """

    people: Mapping[Assignee, PersonFacts] = field(default_factory=dict)
    groups: Mapping[Assignee, GroupFacts] = field(default_factory=dict)
    load: Mapping[Assignee, int] = field(default_factory=dict)

    def is_active(self, person: str) -> bool:
        """Whether this is somebody whom a rule may give work."""
        facts = self.people.get(Assignee(person))
        return facts is not None and facts.active

    def has_left(self, person: str) -> bool:
        """Whether this is somebody who was deactivated."""
        facts = self.people.get(Assignee(person))
        return facts is not None and not facts.active

    def members(self, group: str) -> tuple[Assignee, ...]:
        """The active members of a group, in the order in which they came; nobody where there is no such group."""
        facts = self.groups.get(Assignee(group))
        return () if facts is None else tuple(each for each in facts.members if self.is_active(each))

    def is_member(self, person: Actor | Assignee, group: str) -> bool:
        """Whether somebody is an active member of the group."""
        return Assignee(person) in self.members(group)

    def managers(self, person: str) -> Iterator[Assignee]:
        """The manager, the manager's manager and so on upwards, each once."""
        seen = {Assignee(person)}
        facts = self.people.get(Assignee(person))
        while facts is not None and facts.manager is not None and facts.manager not in seen:
            yield facts.manager
            seen.add(facts.manager)
            facts = self.people.get(facts.manager)

    def manager_of(self, person: str) -> Assignee | None:
        """The nearest active manager above somebody; None where there is none."""
        return next((each for each in self.managers(person) if self.is_active(each)), None)

    def in_turn(self, group: str) -> Assignee | None:
        """The active member whose turn it is; None where nobody is there."""
        members = self.members(group)
        return members[self.groups[Assignee(group)].turn % len(members)] if members else None

    def least_loaded(self, group: str) -> Assignee | None:
        """The active member with the least open work, of several the one who came first; None where nobody is."""
        members = self.members(group)
        return min(members, key=lambda each: self.load.get(each, 0)) if members else None

    def drawn(self, group: Assignee, member: Assignee) -> Directory:
        """The directory once somebody was drawn from a group: the next one has the turn, and the load has grown."""
        facts = self.groups.get(group)
        groups = self.groups if facts is None else {**self.groups, group: replace(facts, turn=facts.turn + 1)}
        return replace(self, groups=groups, load={**self.load, member: self.load.get(member, 0) + 1})

    def name_of(self, who: str) -> str | None:
        """What people call a person or a group; None where nobody told."""
        found = self.people.get(Assignee(who))
        if found is not None:
            return found.name
        group = self.groups.get(Assignee(who))
        return None if group is None else group.title


EMPTY = Directory()
"""Nobody was added yet."""


def still_here(who: Assignee | None, directory: Directory, **facts: Any) -> None:
    """Rejected("person_deactivated") when work would go to somebody who takes no more."""
    if who is not None and directory.has_left(who):
        raise Rejected(
            "person_deactivated", f"{who} takes no more work; name somebody else", person=who, **facts
        )
