"""By whose hand something was done in a run, where that was in another's name: a deputy's, or a program's.

Who approves has to be impartial, and so has whoever authenticated for them. What the history of the run keeps beside
each event says who that was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import Connection

from application.asked import Asked
from application.milepost import Milepost
from domain.definition import Definition
from domain.events import ApprovalGiven
from domain.run import Run
from domain.run.impartial import INPUTS, answerable, impartial, judged
from domain.words import Actor, Rejected, StepKey

_ACTED = """
select type, data ->> 'step', meta ->> 'actor', meta ->> 'authenticated_by' from log.event
where stream = %s and meta ->> 'authenticated_by' is not null order by version
"""


class Act(NamedTuple):
    """Something that ``hand`` did in the name of ``by``, at a step or in the run as a whole."""

    type: str
    step: str | None
    by: Actor
    hand: Actor


@dataclass(slots=True)
class Hands:
    """What was done in this run in another's name, read before each try of a decision on it.

    The run itself is loaded before: where it moved since, what is decided is not stored.
    """

    app: Milepost
    run: UUID
    acts: tuple[Act, ...] = ()

    def read(self) -> Mapping[UUID, int]:
        """Read it anew. Blocks."""
        self.acts = self.app.started_log.ask(self._acted)
        return {}

    def _acted(self, connection: Connection[Any]) -> tuple[Act, ...]:
        return tuple(Act._make(row) for row in connection.execute(_ACTED, [self.run]))

    def must_be_impartial(self, run: Run, definition: Definition, step: StepKey, asked: Asked) -> None:
        """Rejected("own_work") or ("same_actor") where whoever authenticated may not judge this, in whose name ever."""
        known, hand = definition.steps[step], hand_of(asked)
        if known.kind != "approval":
            return
        now = run.step(step)
        if hand != asked.by:
            impartial(run, definition, known, hand)
            if hand in now.approvals:
                raise _same(hand, step, hand)
        for other in now.approvals:
            if other != asked.by and self._gave(step, other) == hand:
                raise _same(hand, step, other)
        if self._did_for_others(run, definition, judged(run, definition, known), asked, hand):
            detail = f"{hand} did the work in another's name; somebody else has to judge it"
            raise Rejected("own_work", detail, steps=sorted(judged(run, definition, known)))

    def _gave(self, step: StepKey, approver: Actor) -> Actor | None:
        """By whose hand somebody's approval came last; None for their own."""
        return next(
            (
                act.hand
                for act in reversed(self.acts)
                if (act.type, act.step, act.by) == (ApprovalGiven.type, step, approver)
            ),
            None,
        )

    def _did_for_others(
        self, run: Run, definition: Definition, about: list[StepKey], asked: Asked, hand: Actor
    ) -> bool:
        """Whether they did what is judged in others' names.

        A program that only brings what people do (each in their own name) has done nothing itself.
        """
        return any(
            act.hand == hand
            and not (_brings(hand, act.by) and (hand == asked.by or _brings(hand, asked.by)))
            and act.by in answerable(run, definition, at)
            for act in self.acts
            for at in about
            if act.step == at or (act.step is None and at == INPUTS)
        )


def hand_of(asked: Asked) -> Actor:
    """Who authenticated; whoever asks, where nobody acts for them."""
    hand = asked.meta.get("authenticated_by")
    return Actor(hand) if hand is not None and ":" in hand else asked.by


def _brings(hand: Actor, by: Actor) -> bool:
    return hand.startswith("service:") and by.startswith(("person:", "guest:"))


def _same(hand: Actor, step: StepKey, other: Actor) -> Rejected:
    detail = f"{hand} has approved this already, as {other}; somebody else has to give the other approval"
    return Rejected("same_actor", detail, steps=[step])
