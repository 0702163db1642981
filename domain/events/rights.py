"""Events of what somebody may do in the house: roles that they were granted, and who acts in their name."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime

from domain.events.base import Event
from domain.words import Assignee

HouseRole = Literal["administrator", "process_owner", "auditor"]


class RightsEvent(Event):
    """A fact about what one person or service, the ``holder``, may do."""

    aggregate = "rights"
    holder: Assignee


class HouseRoleGranted(RightsEvent):
    """The holder may do what this role allows, until then (None: until it is withdrawn).

    ``process`` is the key of the process that an owner looks after (None: all of them).
    """

    type = "house_role_granted"
    role: HouseRole
    process: str | None = None
    until: AwareDatetime | None = None
    reason: str


class HouseRoleWithdrawn(RightsEvent):
    """The holder has this role no longer."""

    type = "house_role_withdrawn"
    role: HouseRole
    process: str | None = None
    reason: str


class DeputyNamed(RightsEvent):
    """While the holder is away, somebody may do in their name what is theirs, until then."""

    type = "deputy_named"
    deputy: Assignee
    until: AwareDatetime
    reason: str


class DeputyDismissed(RightsEvent):
    """Somebody acts for the holder no longer."""

    type = "deputy_dismissed"
    deputy: Assignee
    reason: str


AnyRightsEvent = HouseRoleGranted | HouseRoleWithdrawn | DeputyNamed | DeputyDismissed
