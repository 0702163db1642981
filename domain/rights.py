"""What somebody may do in the house: the roles that they were granted, and who may act in their name."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import assert_never, get_args

from domain.aggregate import Aggregate
from domain.checks import words
from domain.directory import Directory
from domain.events import (
    AnyRightsEvent,
    DeputyDismissed,
    DeputyNamed,
    HouseRole,
    HouseRoleGranted,
    HouseRoleWithdrawn,
)
from domain.person import known_person
from domain.reach import REACH, in_reach
from domain.words import Actor, Assignee, Rejected

HOUSE_ROLES: tuple[HouseRole, ...] = get_args(HouseRole)
_SERVICE = re.compile(r"service:[A-Za-z0-9._@+-]{1,100}")
_MOST_DEPUTIES = 10

Which = tuple[HouseRole, str | None]
"""A role, and the process that it is for (None: all, or none in particular)."""


@dataclass(frozen=True, slots=True)
class Grant:
    """Since when, until when, by whom and why somebody has a right."""

    since: datetime
    until: datetime | None
    by: Actor | None
    reason: str

    def holds(self, at: datetime) -> bool:
        """Whether it is in force at this instant."""
        return self.until is None or at < self.until


@dataclass(frozen=True)
class Rights:
    """What one person or service may do, and who may act in their name; also what has run out since."""

    holder: Assignee | None = None
    roles: dict[Which, Grant] = field(default_factory=dict)
    deputies: dict[Assignee, Grant] = field(default_factory=dict)

    def has(self, role: HouseRole, at: datetime) -> bool:
        """Whether the role is theirs at this instant, as the whole house's."""
        return self._holds((role, None), at)

    def is_for_good(self, role: HouseRole) -> bool:
        """Whether the role is theirs without an end."""
        grant = self.roles.get((role, None))
        return grant is not None and grant.until is None

    def owns(self, process: str, at: datetime) -> bool:
        """Whether they look after this process, or after all of them."""
        return self.has("process_owner", at) or self._holds(("process_owner", process), at)

    def lets(self, deputy: str, at: datetime) -> bool:
        """Whether somebody may act in their name."""
        grant = self.deputies.get(Assignee(deputy))
        return grant is not None and grant.holds(at)

    def in_force(self, at: datetime) -> dict[Which, Grant]:
        """The roles that are theirs at this instant."""
        return {which: grant for which, grant in self.roles.items() if grant.holds(at)}

    def _holds(self, which: Which, at: datetime) -> bool:
        grant = self.roles.get(which)
        return grant is not None and grant.holds(at)


NO_RIGHTS = Rights()


def evolve(rights: Rights | None, event: AnyRightsEvent) -> Rights:
    """The rights after the event."""
    rights = replace(rights or NO_RIGHTS, holder=event.holder)
    match event:
        case HouseRoleGranted():
            granted = Grant(event.at, event.until, event.by, event.reason)
            return replace(rights, roles={**rights.roles, (event.role, event.process): granted})
        case HouseRoleWithdrawn():
            gone = (event.role, event.process)
            return replace(rights, roles={each: kept for each, kept in rights.roles.items() if each != gone})
        case DeputyNamed():
            named = Grant(event.at, event.until, event.by, event.reason)
            return replace(rights, deputies={**rights.deputies, event.deputy: named})
        case DeputyDismissed():
            left = {each: kept for each, kept in rights.deputies.items() if each != event.deputy}
            return replace(rights, deputies=left)
        case _:
            assert_never(event)


RIGHTS = Aggregate("rights", evolve)


# --- decisions ---


def grant_house_role(  # noqa: PLR0913 - who gets what, until when, why, and who says so
    rights: Rights | None,
    holder: Assignee,
    role: HouseRole,
    reason: str,
    *,
    process: str | None = None,
    until: datetime | None = None,
    by: Actor,
    at: datetime,
    directory: Directory,
) -> list[AnyRightsEvent]:
    """Let a person who is here, or a service, do what the role allows. What is theirs already until then stays."""
    if role not in HOUSE_ROLES:
        raise Rejected("unknown_house_role", f"there is no role {role!r}", accepted=list(HOUSE_ROLES))
    if process is not None and role != "process_owner":
        raise Rejected(
            "bad_grant", f"{role} is for the whole house", field="process", accepted=["process_owner"]
        )
    said = words("reason", reason)
    _must_be_ahead(until, at)
    if _SERVICE.fullmatch(holder) is None:
        known_person(holder, directory)
    held = (rights or NO_RIGHTS).roles.get((role, process))
    if held is not None and held.holds(at) and held.until == until:
        return []
    return [HouseRoleGranted(
        holder=holder, role=role, process=process, until=until, reason=said, by=by, at=at
    )]  # fmt: skip


def withdraw_house_role(
    rights: Rights | None,
    holder: Assignee,
    role: HouseRole,
    reason: str,
    *,
    process: str | None = None,
    by: Actor,
    at: datetime,
) -> list[AnyRightsEvent]:
    """Take a role away; what is not theirs changes nothing."""
    said = words("reason", reason)
    if (role, process) not in (rights or NO_RIGHTS).roles:
        return []
    return [HouseRoleWithdrawn(holder=holder, role=role, process=process, reason=said, by=by, at=at)]


def name_deputy(
    rights: Rights | None,
    holder: Assignee,
    deputy: Assignee,
    until: datetime,
    reason: str,
    *,
    by: Actor,
    at: datetime,
    directory: Directory,
) -> list[AnyRightsEvent]:
    """Let somebody act in the holder's name for a time."""
    said, known = words("reason", reason), rights or NO_RIGHTS
    known_person(holder, directory)
    known_person(deputy, directory)
    if deputy == holder:
        raise Rejected(
            "same_person", "nobody is their own deputy", field="deputy", accepted=["somebody else"]
        )
    _must_be_ahead(until, at)
    held = known.deputies.get(deputy)
    if held is not None and held.until == until:
        return []
    acting = [each for each, grant in known.deputies.items() if grant.holds(at)]
    if deputy not in acting and len(acting) >= _MOST_DEPUTIES:
        raise Rejected(
            "too_many_deputies",
            f"at most {_MOST_DEPUTIES} people act for somebody at a time",
            most=_MOST_DEPUTIES,
        )
    return [DeputyNamed(holder=holder, deputy=deputy, until=until, reason=said, by=by, at=at)]


def dismiss_deputy(
    rights: Rights | None, holder: Assignee, deputy: Assignee, reason: str, *, by: Actor, at: datetime
) -> list[AnyRightsEvent]:
    """Let somebody act in the holder's name no longer."""
    said = words("reason", reason)
    if deputy not in (rights or NO_RIGHTS).deputies:
        return []
    return [DeputyDismissed(holder=holder, deputy=deputy, reason=said, by=by, at=at)]


def must_be_left(others: bool) -> None:
    """Rejected("last_administrator") where nobody would be left who can let others in."""
    if not others:
        raise Rejected(
            "last_administrator",
            "nobody else is administrator, and somebody has to be",
            accepted=["grant the role to somebody else first"],
        )


def _must_be_ahead(until: datetime | None, at: datetime) -> None:
    if until is not None and not (at < until and in_reach(until)):
        raise Rejected(
            "bad_until", "the end must lie ahead", field="until", accepted=f"later than now, {REACH}"
        )
