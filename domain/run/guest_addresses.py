"""Where a guest is written to is not changed by whoever can change an input: who leads the run has to confirm it.

Links go to the address of a guest, so whoever changes it could come in as the guest. Until it is confirmed nothing goes
to the new address and no link opens; the old one is told, and who leads the run is asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID, uuid5

from domain import events as e
from domain.addresses import role_address, same_address
from domain.definition import Definition
from domain.run.entailing import Machine
from domain.run.state import ActionState, Run, action_key
from domain.words import Actor, Assignee, RoleKey, StepKey

ASKED = "guest_address:"
"""The action that carries the question; nothing is ever sent by it."""
LINK = "link:"
"""The mails that bring a guest a new link, because somebody asked for it or an address was confirmed."""
_LEFT = "address_left:"
_INCIDENTS = UUID("0c4f7b1e-5d38-57a6-9d57-1be1b4c6a0f3")

Followed = Iterator[e.GuestAddressChanged | e.GuestAddressConfirmed | e.OfOneAction]


def followed(
    before: Run, run: Run, definition: Definition, event: e.AnyRunStreamEvent, by: Actor | None, at: datetime
) -> Followed:
    """What follows from an event that the run has taken in, where it changes or confirms the address of a guest."""
    if isinstance(event, e.GuestAddressConfirmed):
        yield from _confirmed(run, definition, event, by, at)
    if run.imported or (before.values is run.values and before.roles is run.roles):
        return
    for role in definition.roles:
        old, new = role_address(role, before, definition), role_address(role, run, definition)
        known = old or before.guest_addresses.get(role)
        if known is not None and not same_address(old, new):
            yield e.GuestAddressChanged(role=role, before=known, after=new, by=by, at=at)
            yield from _changed(run, definition, role, known, new, by, at)


def leads(run: Run, by: Actor | None) -> bool:
    """Whether somebody leads a run, as far as the run itself knows: who started it."""
    return by is not None and by == run.started_by and by.startswith("person:")


def _changed(
    run: Run,
    definition: Definition,
    role: RoleKey,
    known: str,
    new: str | None,
    by: Actor | None,
    at: datetime,
) -> Followed:
    trusted, machine = run.guest_addresses.get(role, known), Machine(run, by, at)
    for question in _asked(run, role):
        yield from machine.given_up(question, "the address was changed once more")
    if new is None or same_address(new, trusted):
        return
    if same_address(known, trusted):
        facts = {"addresses": [trusted], "role": role, "by": by}
        yield from machine.queued(None, _next(run, _LEFT), "email", facts=facts)
    if leads(run, by):
        confirmed = e.GuestAddressConfirmed(role=role, address=new, by=by, at=at)
        yield confirmed
        yield from _confirmed(run, definition, confirmed, by, at)
        return
    action = _next(run, ASKED)
    yield from machine.queued(None, action, "email", facts={"role": role})
    yield e.IncidentOpened(
        step=None,
        round=1,
        action=action,
        incident=uuid5(_INCIDENTS, f"{run.content_salt}:{role}:{action}:{at.isoformat()}"),
        problem="guest_address",
        reason=f"the mail address of the guest in the role {definition.roles[role].title} was changed",
        assignee=_asks(run),
        by=by,
        at=at,
    )


def _confirmed(
    run: Run, definition: Definition, event: e.GuestAddressConfirmed, by: Actor | None, at: datetime
) -> Followed:
    """The question is over, and the guest gets a new link to each step that is theirs now."""
    machine = Machine(run, by, at)
    for action in _asked(run, event.role):
        yield from machine.given_up(action, "the new address was confirmed", "done_by_hand")
    for key, mail in links_due(run, definition, event.role):
        yield from machine.queued(key, mail, "email", facts={"roles": [event.role], "by": by})


def links_due(run: Run, definition: Definition, role: RoleKey) -> Iterator[tuple[StepKey, str]]:
    """Each open step of the role's guest, with the name of the mail that brings a new link to it."""
    for key, known in definition.steps.items():
        now = run.step(key)
        theirs = now.assignee in (None, run.roles.get(role))
        if known.role == role and now.is_open and theirs:
            start = action_key(key, now.round, LINK)
            yield key, f"{LINK}{sum(1 for each in run.actions if each.startswith(start))}"


def _asked(run: Run, role: RoleKey) -> list[ActionState]:
    """The questions about the guest of a role that are still open."""
    waiting = (run.actions[key] for key in run.pending.get(None, ()))
    return [each for each in waiting if each.action.startswith(ASKED) and each.facts.get("role") == role]


def _asks(run: Run) -> Assignee | None:
    who = run.started_by
    return Assignee(who) if who is not None and who.startswith("person:") else None


def _next(run: Run, word: str) -> str:
    return f"{word}{sum(1 for key in run.actions if key.startswith(f'/1/{word}'))}"
