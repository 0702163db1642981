"""What the bodies of commands about people and groups may hold."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from api.handling.bodies import Body, Instant, Line, Words
from domain.document_part import Key
from domain.events import HouseRole
from domain.words import Assignee

PersonText = Annotated[Assignee, StringConstraints(pattern=r"^person:[a-z0-9][a-z0-9._-]{0,63}$")]
Hours = Annotated[float, Field(strict=True, ge=0, le=168)]


class AddPerson(Body):
    """Somebody who works here: a key for ever (``dana``), a name, and what else is known."""

    person: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
    name: Line
    email: Line | None = None
    manager: PersonText | None = None
    weekly_hours: Hours | None = None


class ChangePerson(Body):
    """What is different now; what is not named stays, and null takes an address, a manager or the hours away."""

    name: Line | None = None
    email: Line | None = None
    manager: PersonText | None = None
    weekly_hours: Hours | None = None


class HandOver(Body):
    """Who takes over everything that is somebody's, and why."""

    to: Annotated[Assignee, StringConstraints(pattern=r"^(person|group):[a-z0-9][a-z0-9._-]{0,63}$")]
    reason: Words


class CreateGroup(Body):
    """People who share work: a key for ever (``legal``) and a title."""

    group: Key
    title: Line


class RenameGroup(Body):
    """The new title."""

    title: Line


class MemberOfGroup(Body):
    """Somebody who works here."""

    member: PersonText


class GrantRole(Body):
    """A role of the house, until when (null: until it is withdrawn), and why; ``process`` is for its owner alone."""

    role: HouseRole
    process: Key | None = None
    until: Instant | None = None
    reason: Words


class WithdrawRole(Body):
    """A role of the house that is somebody's no longer, and why."""

    role: HouseRole
    process: Key | None = None
    reason: Words


class NameDeputy(Body):
    """Who acts in somebody's name while they are away, until when, and why."""

    deputy: PersonText
    until: Instant
    reason: Words


class DismissDeputy(Body):
    """Who acts in somebody's name no longer, and why."""

    deputy: PersonText
    reason: Words
