"""What an executor is told, and what it answers: the duty knows nothing else of mails, calls and child runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from domain.definition import Definition
from domain.run.actions import Problem
from domain.run.state import ActionState, Run
from domain.storable import text_that_can_be_kept
from domain.words import Values

_LONGEST_RECEIPT = 20_000
"""It names every address that has its mail, with 17 characters each."""


@dataclass(frozen=True, slots=True)
class Due:
    """One attempt whose intent is stored: what it is for, and the idempotency ``key`` that goes with it."""

    run_id: UUID
    run: Run
    definition: Definition
    action: ActionState
    key: str
    at: datetime
    earlier: tuple[Definition, ...] = ()
    """The versions that the run followed before."""


@dataclass(frozen=True, slots=True)
class Done:
    """The other side took it. ``values`` go into the step's fields; ``result`` and ``receipt`` are kept.

    ``whom``, for this ``reason``, did not get a mail that others got.
    """

    result: str
    receipt: str | None = None
    values: Values = field(default_factory=dict)
    reason: str | None = None
    whom: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChildStarted:
    """The run that the step waits for has begun."""

    child: UUID
    process: str


@dataclass(frozen=True, slots=True)
class Unsent:
    """A mail that nobody could get, and that tells what its readers find in their inbox too: it is let be, visibly."""

    reason: str
    whom: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Failed:
    """It came to nothing. ``uncertain``: perhaps not; ``permanent``: trying again is no use.

    ``retry_after`` is what the other side asked for; ``receipt`` says what part of it was done all the same.
    """

    reason: str
    permanent: bool = False
    uncertain: bool = False
    problem: Problem = "failed"
    retry_after: timedelta | None = None
    receipt: str | None = None


Answer = Done | ChildStarted | Unsent | Failed


def kept(answer: Answer | None) -> Answer | None:
    """The answer with its texts as they can be stored: other systems say anything, and at any length."""
    match answer:
        case Done():
            reason = None if answer.reason is None else text_that_can_be_kept(answer.reason)
            return replace(answer, receipt=_text(answer.receipt), reason=reason)
        case Failed():
            return replace(answer, reason=text_that_can_be_kept(answer.reason), receipt=_text(answer.receipt))
        case Unsent():
            return replace(answer, reason=text_that_can_be_kept(answer.reason))
        case None | ChildStarted():
            return answer


def _text(text: str | None) -> str | None:
    return None if text is None else text_that_can_be_kept(text, _LONGEST_RECEIPT)


Executor = Callable[[Due], Awaitable[Answer]]
"""Makes one attempt. It never raises for what the other side does."""
