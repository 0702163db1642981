"""Who is reached at which address: people and groups by the directory, guests by what the process says of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from domain.definition import Definition
from domain.directory import Directory
from domain.run.state import Run
from domain.shown import spoken
from domain.words import Assignee, RoleKey

_ADDRESS = re.compile(
    r"[^@\s<>,;:\"()\[\]\\\x00-\x20\x7f]{1,64}@[^@\s.<>,;:\"()\[\]\\]+(\.[^@\s.<>,;:\"()\[\]\\]+)+"
)
_LONGEST_ADDRESS = 254
_ASSIGNEE = re.compile(r"(person|guest|group|service):\S{1,100}")
_BETWEEN = re.compile(r"[,;\n]")


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody who can be written to. ``email`` None: not by mail."""

    name: str
    email: str | None = None
    active: bool = True


@dataclass(frozen=True, slots=True)
class AddressBook:
    """Names and addresses of the people who work here, and who is in which group."""

    people: Mapping[Assignee, Contact] = field(default_factory=dict)
    groups: Mapping[Assignee, tuple[Assignee, ...]] = field(default_factory=dict)
    titles: Mapping[Assignee, str] = field(default_factory=dict)

    @classmethod
    def of(cls, directory: Directory) -> AddressBook:
        """What the directory knows of names, addresses and members."""
        people = {who: Contact(one.name, one.email, one.active) for who, one in directory.people.items()}
        groups = {who: one.members for who, one in directory.groups.items()}
        return cls(people, groups, {who: one.title for who, one in directory.groups.items()})

    def name(self, who: Assignee) -> str:
        """What to call somebody; of somebody unknown what their key says."""
        known = self.people.get(who)
        return known.name if known else self.titles.get(who) or spoken(who)


@dataclass(frozen=True, slots=True)
class Recipient:
    """One address; ``who`` is None where the process names an address outright."""

    address: str
    name: str = ""
    who: Assignee | None = None


def is_address(text: str) -> bool:
    """Whether a text can be the address of one mail: no list, no name, nothing that could end a header."""
    return len(text) <= _LONGEST_ADDRESS and bool(_ADDRESS.fullmatch(text))


def reach(
    who: Iterable[Assignee], run: Run, definition: Definition, book: AddressBook
) -> tuple[Recipient, ...]:
    """The addresses of these people, guests and groups, each once; nothing for those who have none."""
    return once(one for assignee in who for one in _reach_one(assignee, run, definition, book))


def addressed(
    texts: Iterable[str], run: Run, definition: Definition, book: AddressBook
) -> tuple[Recipient, ...]:
    """The addresses in rendered recipient lines: mail addresses, or people such as ``person:dana``, by commas."""
    parts = (part.strip() for text in texts for part in _BETWEEN.split(text))
    return once(one for part in parts if part for one in _read(part, run, definition, book))


def once(found: Iterable[Recipient]) -> tuple[Recipient, ...]:
    """Each address once, in order; upper and lower case are the same."""
    return tuple({one.address.lower(): one for one in reversed(list(found))}.values())[::-1]


def players(role: RoleKey, run: Run) -> tuple[Assignee, ...]:
    """Who plays the role in this run."""
    who = run.roles.get(role)
    return () if who is None else (who,)


def _read(part: str, run: Run, definition: Definition, book: AddressBook) -> Iterator[Recipient]:
    if _ASSIGNEE.fullmatch(part):
        yield from _reach_one(Assignee(part), run, definition, book)
    elif is_address(part):
        yield Recipient(part)


def _reach_one(who: Assignee, run: Run, definition: Definition, book: AddressBook) -> Iterator[Recipient]:
    kind, _, key = who.partition(":")
    if kind == "group":
        for member in book.groups.get(who, ()):
            yield from _person(member, book)
    elif kind == "guest":
        address = guest_address(who, run, definition) or key
        if is_address(address):
            # what a guest is called nobody wrote down: better no name than that of a role
            yield Recipient(address, book.people[who].name if who in book.people else "", who)
    else:
        yield from _person(who, book)


def _person(who: Assignee, book: AddressBook) -> Iterator[Recipient]:
    known = book.people.get(who, Contact(spoken(who), who.partition(":")[2]))
    if known.active and known.email and is_address(known.email):
        yield Recipient(known.email, known.name, who)


def guest_address(who: Assignee, run: Run, definition: Definition) -> str | None:
    """The address that the run's fields give for a guest: where the role that the guest plays says ``email_from``."""
    for key, role in definition.roles.items():
        if run.roles.get(key) == who and role.email_from:
            path = role.email_from if "." in role.email_from else f"inputs.{role.email_from}"
            value = run.values.get(path)
            if isinstance(value, str) and value:
                return value
    return None
