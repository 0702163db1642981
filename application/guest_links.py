"""What who leads a run decides about its guests, and what they are asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from application.asked import Asked
from application.found import RUNS, known_run
from application.milepost import Milepost, Outcome
from application.on_run import on_run
from domain.addresses import role_address
from domain.events import Event
from domain.run import guest_links
from domain.run.guest_addresses import ASKED
from domain.words import RoleKey, StepKey


@dataclass(frozen=True, slots=True)
class Asking:
    """The question whether a new address is that of a guest: in which role, and where they were written to before."""

    role: RoleKey
    title: str
    before: str
    address: str


def unconfirmed(app: Milepost, run: UUID) -> Mapping[UUID, Asking]:
    """The questions about addresses of guests that are open, by incident. Blocks."""
    now = known_run(app.load(RUNS, run), run)
    definition = app.definition(now.process, now.process_version)
    found = {}
    for action in now.actions.values():
        role = RoleKey(str(action.facts.get("role")))
        address = role_address(role, now, definition)
        if action.action.startswith(ASKED) and action.incident is not None and address is not None:
            title = definition.roles[role].title
            found[action.incident] = Asking(role, title, now.guest_addresses.get(role, ""), address)
    return found


async def confirm_guest_address(
    app: Milepost, run: UUID, asked: Asked, *, role: RoleKey, address: str
) -> Outcome[Event]:
    """Say that the guest in a role is to be written to at this address. For who leads the run."""
    return await on_run(app, run, asked, "guest_links.confirm_guest_address", lambda now, definition:
        guest_links.confirm_guest_address(now, definition, role, address, by=asked.by, at=asked.at)
    )  # fmt: skip


async def revoke_guest_links(
    app: Milepost, run: UUID, asked: Asked, *, role: RoleKey, reason: str
) -> Outcome[Event]:
    """Make every link of the guest in a role open nothing any more. For the people of the run and of its project."""
    return await on_run(app, run, asked, "guest_links.revoke_guest_links", lambda now, definition:
        guest_links.revoke_guest_links(now, definition, role, reason, by=asked.by, at=asked.at)
    )  # fmt: skip


async def send_guest_link(app: Milepost, run: UUID, asked: Asked, *, role: RoleKey) -> Outcome[Event]:
    """Send the guest in a role a new link to what is open for them. For the people of the run and of its project."""
    return await on_run(app, run, asked, "guest_links.send_guest_link", lambda now, definition:
        guest_links.send_guest_link(now, definition, role, by=asked.by, at=asked.at)
    )  # fmt: skip


async def request_guest_code(app: Milepost, run: UUID, asked: Asked, *, step: StepKey) -> Outcome[Event]:
    """Send the guest of a step a code by mail; asked for by the guest, with the link to it."""
    return await on_run(app, run, asked, "guest_links.request_guest_code", lambda now, definition:
        guest_links.request_guest_code(now, definition, step, by=asked.by, at=asked.at), step=step
    )  # fmt: skip
