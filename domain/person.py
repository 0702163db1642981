"""Somebody who works here: name, address, manager, hours, and whether they still take work."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from domain.aggregate import Aggregate
from domain.checks import line, words
from domain.directory import Directory, must_be_here
from domain.events import AnyPersonEvent, PersonAdded, PersonChanged, PersonDeactivated, PersonReactivated
from domain.mail_address import ACCEPTED, NoAddress, mail_address
from domain.words import Actor, Assignee, Rejected

KEY = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_HOURS_OF_A_WEEK = 168


@dataclass(frozen=True)
class Person:
    """What decisions about a person need to know."""

    key: str = ""
    name: str = ""
    email: str | None = None
    manager: Assignee | None = None
    weekly_hours: float | None = None
    active: bool = True


def evolve(person: Person | None, event: AnyPersonEvent) -> Person:
    """The person after the event."""
    person = person or Person()
    match event:
        case PersonAdded():
            return replace(_with(person, event), key=event.person)
        case PersonChanged():
            return _with(person, event)
        case PersonDeactivated():
            return replace(person, active=False)
        case PersonReactivated():
            return replace(person, active=True)
        case _:
            assert_never(event)


def _with(person: Person, event: PersonAdded | PersonChanged) -> Person:
    return replace(
        person, name=event.name, email=event.email, manager=event.manager, weekly_hours=event.weekly_hours
    )


PERSON = Aggregate("person", evolve)


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether somebody is here, and when they last left."""

    here: bool = True
    left_at: datetime | None = None

    def bears(self, granted_at: datetime) -> bool:
        """Whether what was granted then holds still. Leaving ends it for good: who comes back is granted anew."""
        return self.here and (self.left_at is None or granted_at > self.left_at)


# --- decisions ---


def add_person(  # noqa: PLR0913 - all that is known of somebody
    person: Person | None,
    key: str,
    name: str,
    email: str | None = None,
    manager: Assignee | None = None,
    weekly_hours: float | None = None,
    *,
    directory: Directory,
    by: Actor,
    at: datetime,
) -> list[AnyPersonEvent]:
    """Somebody works here now. Adding the same person again with the same facts changes nothing."""
    added = PersonAdded(
        person=_key(key),
        name=line("name", name),
        email=_email(email),
        manager=manager,
        weekly_hours=_hours(weekly_hours),
        by=by,
        at=at,
    )
    if person is not None:
        if _with(person, added) == person:
            return []
        raise Rejected(
            "already_added", f"person:{key} is there already", name=person.name, accepted=["change"]
        )
    _may_manage(manager, key, directory)
    return [added]


def change_person(
    person: Person,
    name: str,
    email: str | None,
    manager: Assignee | None,
    weekly_hours: float | None,
    *,
    directory: Directory,
    by: Actor,
    at: datetime,
) -> list[AnyPersonEvent]:
    """Name, address, manager and hours are these from now on."""
    changed = PersonChanged(
        name=line("name", name),
        email=_email(email),
        manager=manager,
        weekly_hours=_hours(weekly_hours),
        by=by,
        at=at,
    )
    if _with(person, changed) == person:
        return []
    if manager != person.manager:
        _may_manage(manager, person.key, directory)
    return [changed]


def deactivate(person: Person, reason: str, *, by: Actor, at: datetime) -> list[AnyPersonEvent]:
    """The person takes no more work; what is theirs stays theirs until somebody hands it over."""
    if not person.active:
        return []
    return [PersonDeactivated(reason=words("reason", reason), by=by, at=at)]


def reactivate(person: Person, *, by: Actor, at: datetime) -> list[AnyPersonEvent]:
    """The person takes work again."""
    return [] if person.active else [PersonReactivated(by=by, at=at)]


def may_hand_over(person: Person, to: Assignee, reason: str, *, directory: Directory) -> list[AnyPersonEvent]:
    """Rejected unless somebody else, or a group with somebody in it, can take over what is this person's.

    Nothing is recorded of the person: each run and task that moves tells it.
    """
    words("reason", reason)
    if to == f"person:{person.key}":
        raise Rejected("same_person", "it is theirs already", accepted=["somebody else", "group:KEY"])
    if to.startswith("person:"):
        known_person(to, directory)
    elif not directory.members(to):
        raise Rejected("nobody_found", f"{to} has no active member", why=f"{to} has no active member")
    return []


def known_person(person: str, directory: Directory) -> None:
    """Rejected unless this is somebody who was added and is active; for whoever is to be given a standing part."""
    if not person.startswith("person:"):
        raise Rejected("unknown_person", f"{person} is no person", person=person, accepted=["person:KEY"])
    must_be_here(person, directory)


def _may_manage(manager: Assignee | None, key: str, directory: Directory) -> None:
    """Rejected unless the manager is there, and is not managed by the person, however indirectly."""
    if manager is None:
        return
    own = Assignee(f"person:{key}")
    chain = [manager, *directory.managers(manager)]
    if own in chain:
        through = chain[: chain.index(own) + 1]
        raise Rejected("manager_cycle", f"{manager} answers to {own} already", through=through)
    known_person(manager, directory)


def _key(key: str) -> str:
    if not KEY.fullmatch(key):
        accepted = (
            "1 to 64 lower-case letters, digits, dots, hyphens and underscores, a letter or digit first"
        )
        raise Rejected("bad_key", f"{key!r} cannot be the key of a person", field="key", accepted=accepted)
    return key


def _email(email: str | None) -> str | None:
    if email is None:
        return None
    try:
        mail_address(email)
    except NoAddress as why:
        raise Rejected(
            "bad_email", f"this is no mail address: {why}", field="email", accepted=ACCEPTED
        ) from None
    return email


def _hours(hours: float | None) -> float | None:
    if hours is None or 0 <= hours <= _HOURS_OF_A_WEEK:
        return hours
    raise Rejected(
        "bad_hours",
        f"a week has 0 to {_HOURS_OF_A_WEEK} hours",
        field="weekly_hours",
        least=0,
        most=_HOURS_OF_A_WEEK,
    )
