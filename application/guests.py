"""What the link of a guest still opens: its step, in its round, while it is theirs."""

from __future__ import annotations

from application.refused import Refused
from domain.definition import Definition
from domain.guests import Pass, is_open_to_guests, pass_for
from domain.run import Run


def must_act_at(run: Run, definition: Definition, held: Pass) -> bool:
    """Whether the step takes anything from guests; Refused when the link leads to another round or another guest."""
    now = pass_for(run, definition, held.step)
    if held.role in run.links_barred:
        raise Refused("bad_guest_link", "this link was revoked; ask whoever sent it for a new one")
    if now is None or now.role != held.role:
        raise Refused("bad_guest_link", "the step is somebody else's now")
    if now.round != held.round:
        raise Refused(
            "bad_guest_link", "the step was opened again since; a new link comes with the next mail"
        )
    if now.holder != held.holder:
        raise Refused(
            "bad_guest_link",
            "this link was revoked, or the step is with another guest, or at another address, now",
        )
    return is_open_to_guests(run, held.step)
