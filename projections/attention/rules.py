"""What of an open card needs somebody: rules over rows, without I/O. What is said of it is made when it is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TypeVar, cast
from uuid import UUID

from domain.passes import LIFETIME
from projections.answers import AttentionKind, AttentionRow
from projections.answers.cards import CardKind
from projections.attention.context import Context
from projections.attention.judged import Judged, Need
from projections.attention.open_cards import Beside, OpenCard, late_stage
from projections.attention.open_steps import OpenStep
from projections.attention.wording import Said, Words
from projections.cards.card import due_of, help_of, state_of

T = TypeVar("T")
APPROVAL_DAYS = 2
"""Working days for which an approval may wait before somebody should hear of it."""
_SILENT = frozenset({"unassigned", "approval", "not_told"})
"""What does not tell that the run as a whole goes on too slowly."""


def needs(card: OpenCard, steps: Sequence[OpenStep], context: Context) -> list[Need]:
    """Everything of an open card that needs somebody now; the order is that of the caller."""
    found = _Needs(Judged(card, steps, context))
    if card.kind == "task":
        found.of_task()
    else:
        found.of_run()
    return found.found


class _Needs:
    def __init__(self, judged: Judged) -> None:
        self.found: list[Need] = []
        self.judged, self.card, self.context, self.judge = judged, judged.card, judged.context, judged.judge
        self.now = judged.judge.now

    def add(
        self,
        kind: AttentionKind,
        since: datetime | None,
        say: Callable[[Words], Said],
        step: OpenStep | None = None,
        due_at: datetime | None = None,
        who: str | None = None,
    ) -> None:
        """One more; ``who`` where that is not whose work it is."""
        row = partial(self._row, kind, since, say, step, due_at, who)
        key = None if step is None else step.step
        self.found.append(Need(kind, self.judged.age_shown, self.card.card, key, self.card.project, row))

    def _row(
        self,
        kind: AttentionKind,
        since: datetime | None,
        say: Callable[[Words], Said],
        step: OpenStep | None,
        due_at: datetime | None,
        who: str | None,
        beside: Beside,
    ) -> AttentionRow:
        card, usual = self.card, self.judged.usual
        name, owner = self.context.project(card.project)
        why, fix = say(Words(self.judged, owner, beside))
        return AttentionRow(
            kind, cast("CardKind", card.kind), card.card, card.name, card.project, name, card.process,
            step.step if step else None, step.title if step else None, why,
            who or (step.assignee if step else card.who), since, due_at, card.priority, fix,
            step.stage if step else card.stage, self.judged.age_shown, None if usual is None else round(usual.hours, 1),
            step.due_moves if step else 0,
        )  # fmt: skip

    # --- tasks ---

    def of_task(self) -> None:
        card, due_at = self.card, due_of(self.card, self.judge)
        if (help_ := help_of(card.help)) is not None:
            self.add("needs_help", help_.since, Words.task_help)
        if card.blocked is not None:
            self.add("blocked", card.entered_stage_at, Words.task_blocked)
        if (gone := self.context.gone.get((card.card, ""))) is not None:
            self.add(gone.kind, gone.since, partial(Words.task_gone, gone=gone), due_at=due_at)
        if due_at is not None and due_at < self.now:
            self.add("late", due_at, Words.task_late, due_at=due_at)
        if card.who is None:
            self.add("unassigned", card.started_at, Words.task_unassigned)

    # --- runs ---

    def of_run(self) -> None:
        card, judged = self.card, self.judged
        if card.blocked is not None:
            self.add("blocked", card.progressed_at, Words.paused)
            for step in (*judged.steps, *judged.helped):
                if step.help_since:
                    self._help(step)
            return
        for step in judged.steps:
            self._of_step(step)
        for step in judged.helped:
            self._help(step)
        if self.context.telling.untold:
            self._of_not_told()
        self._of_targets()
        if not judged.steps and state_of(card, self.judge) in ("blocked", "failed"):
            self.add("blocked", card.progressed_at, Words.standstill)
        if all(need.kind in _SILENT for need in self.found):
            self._of_pace()

    def _of_step(self, step: OpenStep) -> None:
        if step.incident is not None and step.incident_since is not None:
            who = self.context.deciders.get(step.incident)
            self.add("incident", step.incident_since, partial(Words.incident, step=step), step, who=who)
        if step.help_since is not None:
            self._help(step)
        lack = self._at(step, self.context.wanting)
        if (gone := self._at(step, self.context.gone)) is not None:
            self.add(gone.kind, gone.since, partial(Words.gone, step=step, gone=gone), step, step.due_at)
        elif step.assignee is None and step.manual:
            self.add("unassigned", step.ready_at, partial(Words.unassigned, step=step, lack=lack), step)
        if (agreed := self._at(step, self.context.agreed)) is not None:
            say = partial(Words.agreed, step=step, agreed=agreed)
            self.add("approval", agreed.since, say, step, step.due_at)
        elif step.assignee is not None and lack is not None:
            self.add(
                "approval", step.ready_at, partial(Words.wanting, step=step, lack=lack), step, step.due_at
            )
        else:
            self._of_waiting(step)

    def _at(self, step: OpenStep, known: Mapping[tuple[UUID, str], T]) -> T | None:
        """What is known of the step; mostly nothing is known of any, and then nothing is looked up."""
        return known.get((self.card.card, step.step)) if known else None

    def _help(self, step: OpenStep) -> None:
        self.add("needs_help", step.help_since, partial(Words.help, step=step), step)

    def _of_waiting(self, step: OpenStep) -> None:
        due_at, links = step.due_at, self.context.telling.unlinked
        unlinked = bool(links) and self.judged.key(step) in links
        overdue = due_at is not None and due_at < self.now
        if step.outside and (overdue or self._waited(step) > self.judged.limit_hours):
            say = partial(
                Words.outside, step=step, overdue=overdue, waited=self._waited(step), unlinked=unlinked
            )
            self.add("waiting_outside", due_at if overdue else step.ready_at, say, step, due_at)
        elif unlinked:
            sent_at = links[self.judged.key(step)]
            since = step.ready_at if sent_at is None else sent_at + LIFETIME
            self.add("not_told", since, partial(Words.unlinked, step=step), step, due_at)
        elif overdue:
            self.add("late", due_at, partial(Words.late, step=step), step, due_at)
        elif step.kind == "approval":
            waited = self._waited(step)
            if waited > APPROVAL_DAYS * self.context.worked.day_hours:
                say = partial(Words.approval, step=step, waited=waited)
                self.add("approval", step.ready_at, say, step, due_at)

    def _waited(self, step: OpenStep) -> float:
        return 0.0 if step.ready_at is None else self.judge.worked_hours(step.ready_at)

    def _of_not_told(self) -> None:
        """Mails that somebody did not get, for as long as whoever it is has no address, and something mends it."""
        steps = {step.step: step for step in self.judged.steps}
        for one in self.context.telling.untold.get(self.card.card, ()):
            step = steps.get(one.step or "")
            if one.mends and (one.step is None or step is not None):
                who = next((each for each in one.whom if not each.startswith("role:")), None)
                self.add("not_told", one.since, partial(Words.untold, one=one), step, who=who)

    def _of_targets(self) -> None:
        """The run's own target; a stage's only when no step says already that it is late."""
        target_at = self.card.open_target_at
        if target_at is not None and target_at < self.now:
            self.add("late", target_at, Words.target, due_at=target_at)
        elif not any(need.kind in ("late", "waiting_outside") for need in self.found):
            stage = late_stage(self.card, self.judge)
            if stage is not None:
                step = self.judged.next(stage.key)
                say = partial(Words.stage_target, stage=stage, step=step)
                self.add("late", stage.target_at, say, step, stage.target_at)

    def _of_pace(self) -> None:
        """No progress for longer than usual in this stage; else what the forecast warns of."""
        card, judged = self.card, self.judged
        step = judged.next(card.stage) if judged.steps and judged.age > judged.limit_hours else None
        if step is not None:
            since = card.progressed_at or card.started_at
            self.add("stalled", since, partial(Words.stalled, step=step), step, step.due_at)
        elif state_of(card, self.judge) == "at_risk":
            self.add("at_risk", card.progressed_at, Words.at_risk, due_at=card.open_target_at)
