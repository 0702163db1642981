"""Approving from a mail: a link that is for one person, one approval and one of its rounds, and for no account.

It shows no more than the mail does. So an approval gets one only where the mail shows all that it is about, and where a
yes or a no needs no more than a word: everything else is decided on the page of the run.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from domain.definition import Definition
from domain.directory import Directory
from domain.run.content import content_of
from domain.run.state import Run
from domain.sealing import opened, sealed
from domain.visible import Versions, is_sealed
from domain.words import Actor, Assignee, StepKey

LIFETIME = timedelta(days=7)
"""So long a link opens; a reminder brings a new one."""
_HOLDER_BYTES = 8
_HEAD = struct.Struct(f">16sIH{_HOLDER_BYTES}s")
_PURPOSE = b"milepost decision link 1\0"


@dataclass(frozen=True, slots=True)
class MailDecision:
    """What the link of a mail lets somebody decide: this approval, in this round, as this person.

    ``holder`` stands for the address that the link went to; see ``holder_of``.
    """

    step: StepKey
    round: int
    person: Actor
    holder: bytes


def decision_for(
    run: Run, versions: Versions, step: StepKey, person: Assignee, address: str
) -> MailDecision | None:
    """What a mail to this person at this address lets them decide; None where the page of the run has to be used."""
    now = run.step(step)
    if not (person.startswith("person:") and now.is_open and run.state == "running" and not run.ended):
        return None
    if not is_decided_by_mail(run, versions, step):
        return None
    return MailDecision(step, now.round, Actor(person), holder_of(person, address))


def is_decided_by_mail(run: Run, versions: Versions, step: StepKey) -> bool:
    """Whether a mail may show all that an approval is about, and a word is enough to decide it."""
    definition = versions[0]
    known = definition.steps.get(step)
    if known is None or known.kind != "approval" or definition.asked_with_refusal(step):
        return False
    asked = [field for field in known.fields if field.key != "comment"]
    parts = content_of(run, definition, step).parts
    return not asked and not any(is_sealed(part.path, versions) for part in parts)


def is_asked(run: Run, definition: Definition, step: StepKey, who: str, directory: Directory) -> bool:
    """Whether the step is somebody's to do: given to them, to their group, or to the role that they or it fill."""
    known = definition.steps[step]
    whose = (run.step(step).assignee, run.roles.get(known.role) if known.role else None)
    return any(one is not None and (one == who or Assignee(who) in directory.members(one)) for one in whose)


def holder_of(person: str, address: str | None) -> bytes:
    """What a link holds of the address that it went to: another one for another address, and not to be read."""
    told = f"{person}\0{(address or '').strip().lower()}"
    return hashlib.sha256(told.encode()).digest()[:_HOLDER_BYTES]


def seal_decision(run: UUID, held: MailDecision, expires_at: datetime, secret: bytes) -> str:
    """The text that stands in a link; it changes with every part of it."""
    said = _HEAD.pack(run.bytes, int(expires_at.timestamp()), held.round, held.holder)
    return sealed(said + f"{held.step} {held.person}".encode(), _PURPOSE, secret)


def unseal_decision(text: str, secret: bytes, at: datetime) -> tuple[UUID, MailDecision] | None:
    """What a link decides at this instant; None for anything that was not sealed so, or has expired."""
    said = opened(text, _PURPOSE, secret)
    if said is None or len(said) <= _HEAD.size:
        return None
    run, expires, round_, holder = _HEAD.unpack(said[: _HEAD.size])
    if at > datetime.fromtimestamp(expires, UTC):
        return None
    step, _, person = said[_HEAD.size :].decode().partition(" ")
    return UUID(bytes=run), MailDecision(StepKey(step), round_, Actor(person), holder)
