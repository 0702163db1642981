"""What the directory of the house does here by itself: people and groups come, change and leave as it has them.

Only a program with the scope ``scim`` may, in its own name. Whoever leaves hands over to their manager.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from application import people
from application.asked import Asked
from application.handing_over import hand_over
from application.milepost import Milepost
from application.refused import Refused
from application.rights.subjects import OfHouse
from domain.directory import Directory
from domain.words import Assignee

SCOPE = "scim"
WHY = "Deactivated by the directory of the house"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A person as the directory has them."""

    name: str
    email: str | None = None
    manager: Assignee | None = None
    active: bool = True


async def set_person(app: Milepost, key: str, asked: Asked, wanted: Wanted) -> None:
    """Have the person with this key be so: added, changed, deactivated or taken back. Rejected where a rule says no."""
    asked = await _let_in(app, "provisioning.set_person", asked)
    house = await app.directories.now()
    known = house.people.get(Assignee(f"person:{key}"))
    facts = {"name": wanted.name, "email": wanted.email, "manager": wanted.manager}
    if known is None:
        await people.add_person(app, key, asked, name=wanted.name, email=wanted.email, manager=wanted.manager)
    elif any(getattr(known, each) != value for each, value in facts.items()):
        await people.change_person(app, key, asked, changes=facts)
    was = known is None or known.active
    if wanted.active and not was:
        await people.reactivate(app, key, asked)
    elif was and not wanted.active:
        await _leaves(app, key, asked, house)


async def remove_person(app: Milepost, key: str, asked: Asked) -> None:
    """The directory has them no longer: deactivated, where they are not yet."""
    asked = await _let_in(app, "provisioning.remove_person", asked)
    house = await app.directories.now()
    if house.is_active(f"person:{key}"):
        await _leaves(app, key, asked, house)


async def _leaves(app: Milepost, key: str, asked: Asked, house: Directory) -> None:
    """Deactivated; what is open goes to the nearest manager who is here. What cannot go asks for attention."""
    who = Assignee(f"person:{key}")
    await people.deactivate(app, key, asked, reason=WHY)
    to = house.manager_of(who)
    if to is not None:
        await hand_over(app, key, asked, to=to, reason=WHY)


async def set_group(
    app: Milepost, key: str, asked: Asked, *, title: str, members: Sequence[Assignee] | None
) -> None:
    """Have the group with this key be so, made where there is none; without ``members`` they stay as they are."""
    asked = await _let_in(app, "provisioning.set_group", asked)
    known = (await app.directories.now()).groups.get(Assignee(f"group:{key}"))
    if known is None:
        await people.create_group(app, key, asked, title=title)
    elif known.title != title:
        await people.rename_group(app, key, asked, title=title)
    if members is None:
        return
    here = () if known is None else known.members
    for member in members:
        if member not in here:
            await people.add_group_member(app, key, asked, member=member)
    for member in here:
        if member not in members:
            await people.remove_group_member(app, key, asked, member=member)


async def close_group(app: Milepost, key: str, asked: Asked) -> None:
    """The directory has the group no longer: it is closed, for good."""
    asked = await _let_in(app, "provisioning.close_group", asked)
    await people.close_group(app, key, asked, reason="Deleted by the directory of the house")


def must_be_let_in(asked: Asked) -> None:
    """Refused unless a program asks, with the scope for it, in its own name."""
    if SCOPE not in asked.scopes or not asked.by.startswith("service:"):
        raise Refused(
            "not_allowed", "this is for a program (service:…) with the scope scim", accepted=["service"]
        )


async def _let_in(app: Milepost, function: str, asked: Asked) -> Asked:
    """As a part of what whoever asks was let do as a whole."""
    await app.gate.must(function, asked, OfHouse())
    return replace(asked, cleared=True, command=None, expected_version=None)
