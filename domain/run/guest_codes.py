"""Codes by mail: what a guest types beside the link, from a second mail, before something that counts."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta
from uuid import UUID

from domain.definition import Definition
from domain.run.state import ActionState, Run, action_key
from domain.words import RoleKey, StepKey

CODE = "code:"
"""The mails that bring one; the log holds no code, only that a mail with one was asked for and when."""
LIFETIME = timedelta(minutes=15)
MOST_TRIES = 5
"""So many codes may be typed wrong before another mail is needed."""
MOST_MAILS = 10
"""So many mails with a code may be asked for in one round of a step."""
_PURPOSE = b"milepost guest code 1\0"
_DIGITS = 6


def asks_for_code(definition: Definition, role: RoleKey) -> bool:
    """Whether a guest in this role needs a code for what counts."""
    known = definition.roles.get(role)
    return known is not None and known.guest_code


def code_of(run: UUID, action: str, queued_at: datetime | None, secret: bytes) -> str:
    """The six digits that the mail of this action brings; another action, instant or secret has others."""
    said = f"{run} {action} {queued_at.isoformat() if queued_at else ''}".encode()
    number = int.from_bytes(hmac.new(secret, _PURPOSE + said, hashlib.sha256).digest()[:8], "big")
    return f"{number % 10**_DIGITS:0{_DIGITS}}"


def newest_code(run: Run, step: StepKey) -> ActionState | None:
    """The mail with a code that was asked for last in the step's present round."""
    start = action_key(step, run.step(step).round, CODE)
    found = [one for key, one in run.actions.items() if key.startswith(start)]
    return found[-1] if found else None
