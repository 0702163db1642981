"""What a guest sees of a run beside the step at hand: how far it is, what is theirs in it, and what they did."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import orjson

from domain.definition import Definition
from domain.events import (
    ApprovalGiven,
    ApprovalRefused,
    Event,
    GuestAddressConfirmed,
    RoleAssigned,
    StepCompleted,
    StepFailed,
)
from domain.guests import guest_of
from domain.run import Run
from domain.run.card import card_of
from domain.run.files import files_in
from domain.words import Actor, RoleKey, StepKey
from store.mapper import to_event
from store.model import Recorded

PhaseWord = Literal["done", "in_progress", "not_started", "skipped", "ended"]
ActWord = Literal["signed", "declined", "approved", "refused", "sent"]


@dataclass(frozen=True, slots=True)
class Phase:
    """One stage of the run. A guest is told no more of it than whether it is over, under way or still to come."""

    title: str
    state: PhaseWord
    current: bool


@dataclass(frozen=True, slots=True)
class Theirs:
    """A step that is this guest's. ``here``: it is what the link opens; each of the others has a link of its own."""

    step: str
    title: str
    kind: str
    state: str
    due_at: datetime | None
    here: bool


@dataclass(frozen=True, slots=True)
class Act:
    """Something that the guest did: when, on what (``content_sha256``), and by which link (its id opens nothing).

    ``statement`` and ``name``: of a signature, the sentence and the name it was signed with; ``words``: what they
    wrote with it; ``files``: the names of what they uploaded.
    """

    at: datetime
    what: ActWord
    step: str
    title: str
    round: int
    content_sha256: str | None
    link: str | None
    statement: str | None = None
    name: str | None = None
    words: str | None = None
    files: tuple[str, ...] = ()


def phases(run: Run, definition: Definition) -> tuple[Phase, ...]:
    """The stages in their order."""
    card = card_of(run, definition)
    return tuple(
        Phase(
            definition.stages[stage.key].title,
            _phase(stage.state, run, is_current=stage.key == card.steps_stage),
            stage.key == card.steps_stage and not run.ended,
        )
        for stage in card.stages
    )


def theirs(run: Run, definition: Definition, guest: Actor, here: StepKey) -> tuple[Theirs, ...]:
    """Every step whose link acts as this guest, in the order of the process."""
    return tuple(
        Theirs(key, step.title, step.kind, _state(run, key), run.step(key).due_at, key == here)
        for key, step in definition.steps.items()
        if step.role is not None and guest_of(run, definition, key) == guest
    )


def acts(stored: Iterable[Recorded], definition: Definition, role: RoleKey, guest: Actor) -> tuple[Act, ...]:
    """What this guest did, oldest first; not what somebody else did who played the role, or read the mails, before."""
    found: list[Act] = []
    for recorded in stored:
        event, meta = to_event(recorded), orjson.loads(recorded.meta)
        if isinstance(event, GuestAddressConfirmed | RoleAssigned) and event.role == role:
            found.clear()
        elif event.by == guest and (act := _act(event, definition, meta)) is not None:
            found.append(act)
    return tuple(found)


def _act(event: Event, definition: Definition, meta: Mapping[str, Any]) -> Act | None:
    match event:
        case StepCompleted():
            what: ActWord = "signed" if event.statement is not None else "sent"
            if what == "sent" and event.outcome == "approved":
                return None  # the approval itself was said before
        case StepFailed():
            what = "declined"
        case ApprovalGiven():
            what = "approved"
        case ApprovalRefused():
            what = "refused"
        case _:
            return None
    step = definition.steps.get(event.step)
    values = event.values if isinstance(event, StepCompleted) else {}
    signatures = (
        field.key for field in (step.fields if step is not None else ()) if field.kind == "signature"
    )
    names = (values.get(key) for key in signatures)
    words = event.comment if isinstance(event, ApprovalGiven) else getattr(event, "reason", None)
    return Act(
        at=event.at,
        what=what,
        step=event.step,
        title=event.step if step is None else step.title,
        round=event.round,
        content_sha256=event.content_sha256,
        link=meta.get("link"),
        statement=event.statement if isinstance(event, StepCompleted) else None,
        name=next((name for name in names if isinstance(name, str) and not name.startswith("data:")), None),
        words=words,
        files=tuple(_names(values.values())),
    )


def _names(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        yield from (str(file["name"]) for file in files_in(value))


def _state(run: Run, key: StepKey) -> str:
    now = run.step(key)
    return "cancelled" if run.ended and now.is_open else now.state


def _phase(state: str, run: Run, *, is_current: bool) -> PhaseWord:
    if state in ("done", "skipped"):
        return "done" if state == "done" else "skipped"
    if run.ended:
        return "ended"
    return "in_progress" if is_current or state not in ("not_started", "waiting") else "not_started"
