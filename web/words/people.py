"""What pages call people, groups, guests and services."""

from __future__ import annotations

from contextvars import ContextVar

from domain.directory import EMPTY, Directory

NAMES: ContextVar[Directory] = ContextVar("names", default=EMPTY)
"""What the people of this page are called; each request sets it."""


def who(actor: str | None) -> str:
    """A person, group, guest or service as people call them: as the directory says, else ``person:dana`` is Dana."""
    if not actor:
        return "Nobody yet"
    told = NAMES.get().name_of(actor)
    if told:
        return told
    kind, _, name = actor.rpartition(":")
    if not kind and name != name.lower():  # the title of a role, as it is written
        return name
    spoken = " ".join(
        part.capitalize() for part in name.replace(".", " ").replace("_", " ").replace("-", " ").split()
    )
    return {"guest": f"{spoken} (guest)", "service": f"{spoken} (service)", "system": "Milepost"}.get(
        kind, spoken or name
    )


def initials(actor: str | None) -> str:
    """Two letters for the face of somebody."""
    parts = who(actor).replace("(", "").split()
    return "".join(part[0] for part in parts[:2]).upper() if actor else "?"


def is_somebody(text: str) -> bool:
    """Whether a text names a person, a group, a guest or a service rather than saying something."""
    return text.startswith(("person:", "guest:", "group:", "service:"))


def named(text: str) -> str:
    """Whoever or whatever is meant: somebody by name, other words as they are."""
    return who(text) if is_somebody(text) else text


def key_of(person: str) -> str:
    """The key of a person, as it stands in addresses."""
    return person.removeprefix("person:")
