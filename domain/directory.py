"""Who works here and with whom, as a value: what decisions ask when a rule says "the group" or "the manager"."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from itertools import islice
from typing import Any

from domain.words import Actor, Assignee, Rejected

_IN_BRACKETS = re.compile(r"\(((?:person|group):[^()\s]+)\)$")
_MOST_NEAR = 3
_LONGEST_LIKE = 60
_MOST_ALIKE = 1_000


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
    """A group that takes work until it is closed; ``turn`` counts how often somebody was drawn from it in turn."""

    title: str
    members: tuple[Assignee, ...] = ()
    turn: int = 0
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Directory:
    """People by ``person:KEY``, groups by ``group:KEY`` (a closed one without members), open work by person.

    Whoever was not added does not exist here: nothing is given to them by name, and no rule finds them.
    """

    people: Mapping[Assignee, PersonFacts] = field(default_factory=dict)
    groups: Mapping[Assignee, GroupFacts] = field(default_factory=dict)
    load: Mapping[Assignee, int] = field(default_factory=dict)
    discreet: bool = False
    """Whoever asks is not told who else is here: a guest."""
    _words: dict[str, list[Assignee]] = field(default_factory=dict, init=False, repr=False, compare=False)
    """Who can be named by which key or name, in small letters; filled when somebody first asks."""

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

    def named(self, kind: str) -> Iterator[tuple[Assignee, str]]:
        """Everybody who can be named (``person``), or every open group, with what they are called."""
        if kind == "person":
            yield from ((each, facts.name) for each, facts in self.people.items() if facts.active)
        else:
            yield from ((each, facts.title) for each, facts in self.groups.items() if not facts.closed)

    def by_words(self, words: str) -> list[Assignee]:
        """Everybody, and every open group, who has this key or this name, however it is written."""
        if not self._words:
            for each, name in (*self.named("person"), *self.named("group")):
                for word in {each.partition(":")[2].casefold(), name.strip().casefold()}:
                    self._words.setdefault(word, []).append(each)
        return self._words.get(words.strip().casefold(), [])

    def name_of(self, who: str) -> str | None:
        """What people call a person or a group; None where nobody told."""
        found = self.people.get(Assignee(who))
        if found is not None:
            return found.name
        group = self.groups.get(Assignee(who))
        return None if group is None else group.title


EMPTY = Directory()
"""Nobody was added yet."""


def must_be_here(who: str | None, directory: Directory, **facts: Any) -> None:
    """Rejected unless this is somebody who can be named: a person who was added and has not left, or an open group.

    Guests are known by their process and services by their tokens: they are no part of the directory. ``near`` names
    those who may have been meant.
    """
    if who is not None and (refusal := _stranger(who, directory, facts)) is not None:
        raise refusal


def must_not_have_left(who: str, directory: Directory) -> None:
    """Rejected("person_deactivated") when somebody acts who takes no more work."""
    if directory.has_left(who):
        must_be_here(who, directory)


def why_not_here(who: str, directory: Directory) -> str | None:
    """Why somebody cannot be named, with those who may have been meant; None when they can."""
    refusal = _stranger(who, directory, {})
    return None if refusal is None else refusal.detail


def names_somebody(value: Any) -> bool:
    """Whether a value, or anything in it, names a person or a group."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str) and one.startswith(("person:", "group:")):
            return True
        if isinstance(one, (Mapping, list, tuple)):
            waiting += one.values() if isinstance(one, Mapping) else one
    return False


def near(who: str, directory: Directory) -> tuple[str, ...]:
    """Those who may have been meant by a name that nobody has, the likeliest first."""
    kind = "group" if who.startswith("group:") else "person"
    wanted = plain_name(who)
    if directory.discreet or not wanted:
        return ()
    known: dict[str, list[Assignee]] = {}
    for each, name in directory.named(kind):
        for called in {plain_name(each), plain_name(name)}:
            known.setdefault(called, []).append(each)
    parts = [called for called in known if wanted in called.split("-") or called in wanted.split("-")]
    alike = get_close_matches(wanted[:_LONGEST_LIKE], _likely(known, wanted), n=_MOST_NEAR, cutoff=0.7)
    found = dict.fromkeys(each for called in [wanted, *parts, *alike] for each in known.get(called, ()))
    return tuple(found)[:_MOST_NEAR]


def _likely(known: Collection[str], wanted: str) -> list[str]:
    """The names to compare letter by letter: in a large house only those that begin alike, and not all of them."""
    if len(known) <= _MOST_ALIKE:
        return list(known)
    return list(islice((called for called in known if called[:1] == wanted[:1]), _MOST_ALIKE))


def meant(text: str, directory: Directory) -> Assignee | None:
    """Whom somebody names in words: as ``called`` has it, by key with or without its kind, or by a name of one only."""
    typed = text.strip()
    key = _IN_BRACKETS.search(typed)
    if directory.name_of(key[1] if key else typed) is not None:
        return Assignee(key[1] if key else typed)
    found = directory.by_words(typed)
    return found[0] if len(found) == 1 else None


def called(who: str, directory: Directory) -> str:
    """The words by which ``meant`` finds somebody: the name, with the key where others have that name too."""
    name = directory.name_of(who)
    if name is None:
        return who
    return name if meant(name, directory) == who else f"{name} ({who})"


def plain_name(text: str) -> str:
    """A name or key for comparing: small letters without marks, its words joined by hyphens."""
    bare = unicodedata.normalize("NFKD", text.rpartition(":")[2]).casefold()
    letters = "".join(one if one.isalnum() else " " for one in bare if not unicodedata.combining(one))
    return "-".join(letters.split())


def _stranger(who: str, directory: Directory, facts: dict[str, Any]) -> Rejected | None:
    kind, _, key = who.partition(":")
    if kind == "person" and Assignee(who) in directory.people:
        name, left = directory.name_of(who), directory.has_left(who)
        if not left:
            return None
        return Rejected(
            "person_deactivated", f"{name} takes no more work; name somebody else", person=who, **facts
        )
    if kind == "group" and Assignee(who) in directory.groups:
        title, closed = directory.name_of(who), directory.groups[Assignee(who)].closed
        return (
            Rejected("group_closed", f"{title} is closed; name another", group=who, **facts)
            if closed
            else None
        )
    if kind not in ("person", "group"):
        return None
    others = near(who, directory)
    told = ", ".join(f"{directory.name_of(each)} ({each})" for each in others)
    hint = f"did you mean {told}?" if told else "only who was added can be named"
    if kind == "person":
        return Rejected(
            "unknown_person", f"nobody here is called {key}; {hint}", person=who, near=list(others), **facts
        )
    return Rejected(
        "unknown_group", f"no group here is called {key}; {hint}", group=who, near=list(others), **facts
    )
