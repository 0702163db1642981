"""Who is reached at which address: people and groups by the directory, guests by what the process says of them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from domain.definition import Definition
from domain.directory import Directory
from domain.mail_address import NoAddress, mail_address
from domain.shown import spoken
from domain.words import Actor, Assignee, RoleKey

_ASSIGNEE = re.compile(r"(person|guest|group|service):\S{1,100}")
_BETWEEN = re.compile(r"[,;\n]")
_TAG = re.compile(r"\b[0-9a-f]{16}\b")


class Parties(Protocol):
    """A run, as far as it says who takes part in it: who plays which role, and fields that tell a guest's address."""

    @property
    def roles(self) -> Mapping[RoleKey, Assignee]:
        """Who plays each role."""

    @property
    def values(self) -> Mapping[str, Any]:
        """Every field by path."""

    @property
    def guest_addresses(self) -> Mapping[RoleKey, str]:
        """Of guests whose address was changed: the one that counts, by role."""

    @property
    def links_barred(self) -> frozenset[RoleKey]:
        """Roles for whose guests no link is made."""


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
    """One address as it goes over the wire; ``who`` is None where the process names an address outright."""

    address: str
    name: str = ""
    who: Assignee | None = None


@dataclass(frozen=True, slots=True)
class Unreached:
    """Somebody whom no mail can go to, and why. ``named``: it is somebody, and not a line that names nobody now."""

    who: str
    reason: str
    named: bool = True


@dataclass(frozen=True, slots=True)
class Reached:
    """Where a mail goes, each address once, and who of those whom it is for cannot be reached."""

    recipients: tuple[Recipient, ...] = ()
    unreached: tuple[Unreached, ...] = ()

    @classmethod
    def together(cls, several: Iterable[Reached]) -> Reached:
        """All of them as one; upper and lower case are the same address."""
        found = list(several)
        recipients = {
            one.address.lower(): one for each in reversed(found) for one in reversed(each.recipients)
        }
        lost = dict.fromkeys(one for each in found for one in each.unreached)
        return cls(tuple(recipients.values())[::-1], tuple(lost))


def reach(who: Iterable[Assignee], run: Parties, definition: Definition, book: AddressBook) -> Reached:
    """The addresses of these people, guests and groups."""
    return Reached.together(_reach_one(assignee, run, definition, book) for assignee in who)


def addressed(text: str, run: Parties, definition: Definition, book: AddressBook) -> Reached:
    """The addresses in a rendered recipient line: mail addresses, or people such as ``person:dana``, by commas."""
    return Reached.together(_read(part, run, definition, book) for part in parts_of(text))


def parts_of(line: str) -> list[str]:
    """The recipients in a line, which commas, semicolons and line ends part."""
    return [part for part in map(str.strip, _BETWEEN.split(line)) if part]


def players(role: RoleKey, run: Parties) -> tuple[Assignee, ...]:
    """Who plays the role in this run."""
    who = run.roles.get(role)
    return () if who is None else (who,)


def played(role: RoleKey, run: Parties, definition: Definition, book: AddressBook) -> Reached:
    """The addresses of whoever plays the role; a role that nobody plays names nobody."""
    who = players(role, run)
    if who:
        return reach(who, run, definition, book)
    known = definition.roles.get(role)
    title = known.title if known is not None else role
    return Reached(unreached=(Unreached(f"role:{role}", f"nobody plays the role {title}", named=False),))


def _read(part: str, run: Parties, definition: Definition, book: AddressBook) -> Reached:
    if _ASSIGNEE.fullmatch(part):
        return _reach_one(Assignee(part), run, definition, book)
    if any(same_address(part, each) for each in _unconfirmed(run, definition)):
        return _lost(
            part, f"{part} is the new address of a guest, and waits to be confirmed by who leads the run"
        )
    if any(same_address(part, role_address(role, run, definition)) for role in run.links_barred):
        return _lost(part, f"the links of the guest at {part} were revoked; send a new one")
    return _to(part, "", None, part)


def _reach_one(who: Assignee, run: Parties, definition: Definition, book: AddressBook) -> Reached:
    if not who.startswith("guest:"):
        return reach_here(who, book)
    if awaits_confirmation(who, run, definition):
        return _lost(who, f"the new address of {book.name(who)} waits to be confirmed by who leads the run")
    if is_barred(who, run):
        return _lost(
            who, f"the links of {book.name(who)} were revoked; send a new one, or hand the step over"
        )
    return reach_guest(who, known_address(who, run, definition), book)


def reach_here(who: Assignee, book: AddressBook) -> Reached:
    """The addresses of a person or a group: all that is known of them stands in the directory."""
    match who.partition(":")[0]:
        case "group":
            return _group(who, book)
        case "person":
            return _person(who, book)
        case _:
            return _lost(who, f"{book.name(who)} is no person, and reads no mail")


def reach_guest(who: Assignee, address: str | None, book: AddressBook) -> Reached:
    """A guest at this address, which the run knows of them."""
    name = book.name(who)
    if address is None:
        return _lost(who, f"the run has no mail address of {name}")
    # what a guest is called nobody wrote down: better no name than that of a role
    return _to(address, name if who in book.people else "", who, name)


def _group(who: Assignee, book: AddressBook) -> Reached:
    """Its members with an address: one of them is enough, for the work is theirs together."""
    found = Reached.together(_person(member, book) for member in book.groups.get(who, ()))
    if found.recipients:
        return Reached(found.recipients)
    return _lost(who, f"nobody in {book.name(who)} has a mail address")


def _person(who: Assignee, book: AddressBook) -> Reached:
    known, key = book.people.get(who), who.partition(":")[2]
    if known is None:
        nobody = _lost(who, f"{who} is nobody who works here")
        return _to(key, spoken(who), who, who) if "@" in key else nobody
    if not known.active:
        return _lost(who, f"{known.name} has left")
    if not known.email:
        return _lost(who, f"{known.name} has no mail address")
    return _to(known.email, known.name, who, known.name)


def _to(text: str, name: str, who: Assignee | None, whose: str) -> Reached:
    try:
        return Reached((Recipient(str(mail_address(text)), name, who),))
    except NoAddress as why:
        said = f"{text!r} is no mail address" if whose == text else f"{whose}: {text!r} is no mail address"
        return _lost(who or text, f"{said} ({why})")


def _lost(who: str, reason: str) -> Reached:
    return Reached(unreached=(Unreached(who, reason),))


def tag_of(address: str) -> str:
    """A short name of an address that does not tell the address."""
    return hashlib.sha256(address.lower().encode()).hexdigest()[:16]


def tags_in(receipt: str | None) -> frozenset[str]:
    """The tags of the addresses that have their mail, by the receipt of what was tried last."""
    return frozenset(_TAG.findall(receipt or ""))


def known_address(who: Assignee, run: Parties, definition: Definition) -> str | None:
    """Where a guest is written to: what the run's fields give, else their own key where that is an address."""
    key = who.partition(":")[2]
    return guest_address(who, run, definition) or (key if "@" in key else None)


def guest_address(who: Assignee, run: Parties, definition: Definition) -> str | None:
    """The address that the run's fields give for a guest: by the field that the role of the guest names."""
    for key, path in definition.address_fields.items():
        if run.roles.get(key) == who:
            value = run.values.get(path)
            if isinstance(value, str) and value:
                return value
    return None


def role_address(role: RoleKey, run: Parties, definition: Definition) -> str | None:
    """Where the guest who plays the role is written to; None where a guest does not, or has no address."""
    who, path = run.roles.get(role), definition.address_fields.get(role)
    if who is None or not who.startswith("guest:"):
        return None
    key = who.partition(":")[2]
    value = run.values.get(path) if path is not None else None
    if isinstance(value, str) and value.strip():
        return value.strip()
    return key if "@" in key else None


def same_address(one: str | None, other: str | None) -> bool:
    """Whether two addresses are one; upper and lower case are the same."""
    return (one or "").strip().lower() == (other or "").strip().lower()


def is_confirmed(role: RoleKey, run: Parties, definition: Definition) -> bool:
    """Whether nobody has changed the address of this role's guest, or who leads the run has confirmed it since."""
    trusted, now = run.guest_addresses.get(role), role_address(role, run, definition)
    return trusted is None or now is None or same_address(trusted, now)


def awaits_confirmation(who: Assignee | Actor, run: Parties, definition: Definition) -> bool:
    """Whether a guest has a new address that nobody who leads the run has confirmed."""
    return any(
        run.roles.get(role) == who and not is_confirmed(role, run, definition) for role in run.guest_addresses
    )


def is_barred(who: Assignee | Actor, run: Parties) -> bool:
    """Whether somebody revoked the links of a guest, and nobody has allowed new ones since."""
    return any(run.roles.get(role) == who for role in run.links_barred)


def _unconfirmed(run: Parties, definition: Definition) -> list[str | None]:
    return [
        role_address(role, run, definition)
        for role in run.guest_addresses
        if not is_confirmed(role, run, definition)
    ]


def reach_address(address: str) -> Reached:
    """One address that is written out, whoever reads mails there."""
    return _to(address, "", None, address)
