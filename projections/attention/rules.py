"""What of a card needs somebody, why in plain words, and the one action that fixes it: rules over rows, without I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import TypeVar
from uuid import UUID

from domain.passes import LIFETIME
from projections.answers import AttentionKind, AttentionRow, Card, Fix
from projections.attention.context import Context
from projections.attention.fixes import Fixes, mend
from projections.attention.not_told import unlinked_words, untold_words
from projections.attention.open_steps import OpenStep
from projections.attention.too_few_approvers import Wanting

T = TypeVar("T")
_ENDED = {"failed": "failed", "cancelled": "was cancelled"}
UNKNOWN_DAYS = 10
"""Working days after which a stage without history and without a target counts as stalled."""
APPROVAL_DAYS = 2
"""Working days for which an approval may wait before somebody should hear of it."""


def needs(card: Card, steps: Sequence[OpenStep], context: Context) -> list[AttentionRow]:
    """Everything of an open card that needs somebody now; the order is that of the caller."""
    found = _Needs(card, steps, context)
    return list(found.of_task() if card.kind == "task" else found.of_run())


class _Needs:
    def __init__(self, card: Card, steps: Sequence[OpenStep], context: Context) -> None:
        self.card, self.context = card, context
        self.steps = [step for step in steps if step.state != "done"]
        self.asked = [step for step in steps if step.state == "done"]
        self.now, self.judge = context.judge.now, context.judge
        unknown: tuple[str | None, str | None] = (None, None)
        self.name, self.owner = context.projects.get(card.project, unknown) if card.project else unknown
        since = card.progressed_at or card.started_at or self.now
        self.age = self.judge.worked_hours(since)
        self.limit = context.usual(card.process, card.stage) if card.process else None

    @cached_property
    def fixes(self) -> Fixes:
        """What can be done about it."""
        return Fixes(self.card, self.judge, self.owner, self.context.names)

    def row(
        self,
        kind: AttentionKind,
        why: str,
        since: datetime | None,
        fix: Fix | None,
        step: OpenStep | None = None,
        due_at: datetime | None = None,
        who: str | None = None,
    ) -> AttentionRow:
        card = self.card
        who = who or (step.assignee if step else card.who)
        return AttentionRow(
            kind, card.kind, card.id, card.name, card.project, self.name, card.process, step.step if step else None,
            step.title if step else None, why, who, since, due_at, card.priority, fix,
            step.stage if step else card.stage, round(self.age, 1),
            None if self.limit is None else round(self.limit.hours, 1), step.due_moves if step else 0,
        )  # fmt: skip

    # --- tasks ---

    def of_task(self) -> Iterator[AttentionRow]:
        card, fixes = self.card, self.fixes
        if card.help is not None:
            said = f"Help is needed: {card.help.reason}"
            yield self.row("needs_help", said, card.help.since, fixes.clear_help())
        if card.blocked is not None:
            yield self.row(
                "blocked", f"Nobody can go on: {card.blocked}", card.entered_stage_at, fixes.unblock()
            )
        if (gone := self.context.gone.get((card.id, ""))) is not None:
            said = _sentence(gone.why)
            yield self.row(gone.kind, said, gone.since, fixes.assign(), due_at=card.due_at)
        if card.overdue and card.due_at is not None:
            said = f"Was due {self.judge.day(card.due_at)}"
            yield self.row("late", said, card.due_at, fixes.extend_task(), due_at=card.due_at)
        if card.who is None:
            yield self.row("unassigned", "Nobody has this task", card.started_at, fixes.assign())

    # --- runs ---

    def of_run(self) -> Iterator[AttentionRow]:
        card = self.card
        if card.blocked is not None:
            yield self.row("blocked", f"Paused: {card.blocked}", card.progressed_at, self.fixes.resume())
            yield from map(self._of_help, (step for step in (*self.steps, *self.asked) if step.help_since))
            return
        found = [row for step in self.steps for row in self._of_step(step)]
        found += map(self._of_help, self.asked)
        found += self._of_not_told()
        found += self._of_targets(found)
        if card.state in ("blocked", "failed") and not self.steps:
            found.append(self._of_standstill())
        yield from found
        if not any(row.kind not in ("unassigned", "approval", "not_told") for row in found):
            yield from self._of_pace()

    def _of_step(self, step: OpenStep) -> Iterator[AttentionRow]:
        fixes = self.fixes
        if step.incident is not None and step.incident_since is not None:
            said = f"{step.title}: Milepost cannot go on by itself ({_words(step.incident_kind or 'failed')})"
            fix = mend(
                self.card.id,
                step.incident,
                step.incident_kind,
                bound=step.incident in self.context.bound,
            )
            who = self.context.deciders.get(step.incident)
            yield self.row("incident", said, step.incident_since, fix, step, who=who)
        if step.help_since is not None:
            yield self._of_help(step)
        if (gone := self._at(step, self.context.gone)) is not None:
            fix = fixes.assign(step.step, _sentence(gone.why))
            yield self.row(gone.kind, _sentence(gone.why), gone.since, fix, step, step.due_at)
        elif step.assignee is None and step.manual:
            said = f"Nobody has {step.title}"
            lack = self._at(step, self.context.wanting)
            fix = fixes.assign(step.step) if lack is None else fixes.give_away(step.step, lack.owner)
            yield self.row("unassigned", said, step.ready_at, fix, step)
        if (agreed := self._at(step, self.context.agreed)) is not None:
            said = f"Everybody who is left in {agreed.group} has agreed to {step.title}: "
            said += f"{' or '.join(map(self.context.called, agreed.by))} approves once more, and it is done"
            yield self.row("approval", said, agreed.since, fixes.approve(step.step), step, step.due_at)
        elif step.assignee is not None and (lack := self._at(step, self.context.wanting)) is not None:
            yield self._of_wanting(step, lack)
        else:
            yield from self._of_waiting(step)

    def _at(self, step: OpenStep, known: Mapping[tuple[UUID, str], T]) -> T | None:
        """What is known of the step; mostly nothing is known of any, and then nothing is looked up."""
        return known.get(self._key(step)) if known else None

    def _key(self, step: OpenStep) -> tuple[UUID, str]:
        return self.card.id, step.step

    def _of_wanting(self, step: OpenStep, lack: Wanting) -> AttentionRow:
        """Too few people may approve it: said at once, for time alone changes nothing."""
        fix = self.fixes.give_away(step.step, lack.owner)
        if lack.group is None:
            said = (
                f"{self.context.called(step.assignee)} may not approve {step.title}, having had a part in it"
            )
            fix = self.fixes.give_away(step.step, lack.owner, "Nobody approves their own work")
        elif not lack.able:
            said = f"Nobody in {lack.title} may approve {step.title}: all of them had a part in it"
        else:
            names = " and ".join(map(self.context.called, lack.able))
            said = (
                f"{step.title} needs {lack.needed} approvals, and in {lack.title} only {names} may give one"
            )
        if lack.group is not None and lack.needed > 1:
            fix = self.fixes.add_member(lack.group, lack.owner)
        return self.row("approval", said, step.ready_at, fix, step, step.due_at)

    def _of_help(self, step: OpenStep) -> AttentionRow:
        fix = self.fixes.clear_help(step.step)
        if step.state == "done" and (self.card.id, step.step) in self.context.reopened:
            fix = self.fixes.reopen(step.step, "Take it anew", "The run that it started was reopened")
        return self.row("needs_help", self._help(step), step.help_since, fix, step)

    def _of_waiting(self, step: OpenStep) -> Iterator[AttentionRow]:
        fixes, due_at = self.fixes, step.due_at
        unlinked = bool(self.context.telling.unlinked) and self._key(step) in self.context.telling.unlinked
        overdue = due_at is not None and due_at < self.now
        waited = 0.0 if step.ready_at is None else self.judge.worked_hours(step.ready_at)
        if step.outside and (overdue or waited > self._limit_hours()):
            whom = self.context.called(step.assignee) if step.assignee else "somebody outside"
            said = f"Waits for {whom}: {step.title}"
            said += (
                f", was due {self.judge.day(due_at)}" if overdue and due_at else f", for {self._span(waited)}"
            )
            said += "; there is no link that opens it" if unlinked else ""
            fix = self._press(step)
            if step.assignee is None:  # an event: there is nobody to be reminded
                fix = fixes.by_hand(step.step, "It has come", "It came on another way")
            yield self.row("waiting_outside", said, due_at if overdue else step.ready_at, fix, step, due_at)
        elif unlinked:
            yield self._of_unlinked(step)
        elif overdue and due_at is not None:
            moved = f", moved {step.due_moves}×" if step.due_moves else ""
            said = f"{step.title} was due {self.judge.day(due_at)}{moved}"
            yield self.row("late", said, due_at, fixes.extend(step.step), step, due_at)
        elif step.kind == "approval" and waited > APPROVAL_DAYS * self.context.worked.day_hours:
            said = f"{step.title} has waited for {self._span(waited)}"
            yield self.row("approval", said, step.ready_at, fixes.approve(step.step), step, due_at)

    def _of_unlinked(self, step: OpenStep) -> AttentionRow:
        """A guest who cannot come in: a reminder brings another link."""
        sent_at = self.context.telling.unlinked[self.card.id, step.step]
        said = unlinked_words(step.title, self.context.called(step.assignee), sent_at, self.judge.day)
        since = step.ready_at if sent_at is None else sent_at + LIFETIME
        fix = self._press(step)
        return self.row("not_told", said, since, fix, step, step.due_at)

    def _of_not_told(self) -> Iterator[AttentionRow]:
        """Mails that somebody did not get, for as long as whoever it is has no address."""
        steps = {step.step: step for step in self.steps}
        for one in self.context.telling.untold.get(self.card.id, ()):
            step, fix = steps.get(one.step or ""), self.fixes.tell(one.step, one.person, one.role)
            if fix is not None and (one.step is None or step is not None):
                said = untold_words(one, self.card.name, self.context.called)
                who = next((each for each in one.whom if not each.startswith("role:")), None)
                yield self.row("not_told", said, one.since, fix, step, who=who)

    def _help(self, step: OpenStep) -> str:
        told = self.context.texts.get((self.card.id, step.step))
        said = f"{step.title} needs help"
        if told is None or told.reason is None:
            return said
        waits = f" (waits for {self._whom(told.waiting_on)})" if told.waiting_on else ""
        return f"{said}: {told.reason}{waits}"

    def _whom(self, waiting_on: str) -> str:
        """Whoever was named by id, by name; else the words as they were written."""
        known = waiting_on.startswith(("person:", "group:", "guest:", "service:"))
        return self.context.called(waiting_on) if known else waiting_on

    def _of_targets(self, found: Sequence[AttentionRow]) -> list[AttentionRow]:
        """The run's own target; a stage's only when no step says already that it is late."""
        target_at, rows = self.card.open_target_at, []
        if target_at is not None and target_at < self.now:
            what = (
                "The whole run was to be finished"
                if self.card.aim is None
                else f"{self.card.aim} was to be over"
            )
            said = f"{what} by {self.judge.day(target_at)}"
            rows.append(self.row("late", said, target_at, self.fixes.extend_run(), due_at=target_at))
        if not rows and not any(row.kind in ("late", "waiting_outside") for row in found):
            rows += self._of_stage_targets()
        return rows

    def _of_standstill(self) -> AttentionRow:
        stopped = self.context.stopped.get(self.card.id)
        said = "Nothing can be worked on"
        if stopped is not None:
            said = f"{stopped.title} {_ENDED[stopped.state]}, and nothing else can be worked on"
        return self.row("blocked", said, self.card.progressed_at, self._set_going())

    def _set_going(self) -> Fix:
        """What a run without open work can still have: the step that it stopped at once more, else its end."""
        stopped = self.context.stopped.get(self.card.id)
        if stopped is None:
            return self.fixes.cancel("Nothing of it can be worked on")
        return self.fixes.reopen(stopped.step, f"Reopen {stopped.title}", f"It {_ENDED[stopped.state]}")

    def _of_stage_targets(self) -> Iterator[AttentionRow]:
        for stage in self.card.stages:
            if stage.state == "late" and stage.target_at is not None and stage.target_at < self.now:
                said = f"{stage.title} was to be over by {self.judge.day(stage.target_at)}"
                step = self._next(stage.key)
                fix = self._set_going() if step is None else self._press(step)
                yield self.row("late", said, stage.target_at, fix, step, stage.target_at)
                return

    def _of_pace(self) -> Iterator[AttentionRow]:
        """No progress for longer than usual in this stage; else what the forecast warns of."""
        card, step = self.card, self._next(self.card.stage)
        if step is not None and self.age > self._limit_hours():
            said = f"No progress for {self._span(self.age)}; {self._usual_words()}"
            yield self.row("stalled", said, card.progressed_at or card.started_at,
                           self._press(step), step, step.due_at)  # fmt: skip
        elif card.state == "at_risk":
            fix = self.fixes.sooner()
            if step is not None and card.forecast is not None and card.forecast.state == "stalled":
                fix = self._press(step)
            yield self.row("at_risk", self._risk(), card.progressed_at, fix, due_at=card.open_target_at)

    def _press(self, step: OpenStep) -> Fix:
        """A reminder to whose work it is; what nobody has, or nobody would hear of, needs somebody first."""
        if step.assignee is None:
            return self.fixes.assign(step.step)
        if (self.card.id, step.step) in self.context.telling.deaf:
            return self.fixes.assign(step.step, "Nobody would hear of a reminder")
        return self.fixes.nudge(step.step, step.assignee)

    def _risk(self) -> str:
        """What the forecast warns of, with its numbers where they are known."""
        face, target_at, aim = self.card.forecast, self.card.open_target_at, self.card.aim
        if face is not None and face.state == "stalled":
            return _sentence(face.reason)
        if face is None or face.target_p85_at is None or face.probability is None or target_at is None:
            return "The forecast says that it will probably be finished later than its target"
        probably = "Probably finished" if aim is None else f"{aim} is probably over"
        return (
            f"{probably} by {self.judge.day(face.target_p85_at)}; the forecast gives {face.probability:.0%}"
            f" for its target, {self.judge.day(target_at)}"
        )

    def _limit_hours(self) -> float:
        return self.limit.hours if self.limit is not None else self._without_history()

    def _without_history(self) -> float:
        return UNKNOWN_DAYS * self.context.worked.day_hours

    def _usual_words(self) -> str:
        stage = next((dot.title for dot in self.card.stages if dot.key == self.card.stage), self.card.stage)
        if self.limit is None:
            return (
                f"too few runs have passed {stage} to say what is usual, so {UNKNOWN_DAYS} working days count"
            )
        return f"85 of 100 runs are through {stage} within {self._span(self.limit.hours)}"

    def _next(self, stage: str) -> OpenStep | None:
        """Whose turn it is: required before optional, in this stage before elsewhere, by due."""
        far = datetime.max.replace(tzinfo=self.now.tzinfo)
        return min(
            self.steps,
            key=lambda step: (not step.required, step.stage != stage, step.due_at or far, step.step),
            default=None,
        )

    def _span(self, hours: float) -> str:
        days = hours / self.context.worked.day_hours
        if days >= 1:
            return _count(int(days), "working day")
        return _count(max(1, int(hours)), "working hour")


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _words(key: str) -> str:
    return key.replace("_", " ")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
