"""Why something needs somebody, in plain words, and the one action that fixes it: made for what is shown."""

from __future__ import annotations

from projections.answers import Fix, StageDot
from projections.attention.context import Agreed, Gone
from projections.attention.fixes import Fixes, mend
from projections.attention.judged import UNKNOWN_DAYS, Judged
from projections.attention.not_told import NotTold, unlinked_words, untold_words
from projections.attention.open_cards import Beside
from projections.attention.open_steps import OpenStep
from projections.attention.too_few_approvers import Wanting
from projections.cards.card import due_of, help_of

Said = tuple[str, Fix | None]
"""Why, and what fixes it."""
_ENDED = {"failed": "failed", "cancelled": "was cancelled"}


class Words:
    """What is said of one card."""

    def __init__(self, judged: Judged, owner: str | None, beside: Beside) -> None:
        self._judged, self._card, self._context = judged, judged.card, judged.context
        self._judge, self._beside = judged.judge, beside
        stage = self._card.target_stage
        self._aim = None if stage is None else beside.titles.get(stage, stage)
        self._fixes = Fixes(self._card, self._judge, owner, judged.context.names, beside.forecast, self._aim)

    # --- tasks ---

    def task_help(self) -> Said:
        """Somebody asked for help."""
        told = help_of(self._card.help)
        return f"Help is needed: {told and told.reason}", self._fixes.clear_help()

    def task_blocked(self) -> Said:
        """Nobody can go on."""
        return f"Nobody can go on: {self._card.blocked}", self._fixes.unblock()

    def task_gone(self, gone: Gone) -> Said:
        """Whose it is, is not here."""
        return _sentence(gone.why), self._fixes.assign()

    def task_late(self) -> Said:
        """Its due has passed."""
        due_at = due_of(self._card, self._judge)
        return f"Was due {self._judge.day(due_at) if due_at else ''}", self._fixes.extend_task()

    def task_unassigned(self) -> Said:
        """It is nobody's."""
        return "Nobody has this task", self._fixes.assign()

    # --- steps ---

    def paused(self) -> Said:
        """The run stands still because somebody said so."""
        return f"Paused: {self._card.blocked}", self._fixes.resume()

    def incident(self, step: OpenStep) -> Said:
        """The machine cannot go on."""
        said = f"{step.title}: Milepost cannot go on by itself ({_words(step.incident_kind or 'failed')})"
        incident = step.incident or ""
        bound = incident in self._context.bound
        return said, mend(self._card.card, incident, step.incident_kind, bound=bound)

    def help(self, step: OpenStep) -> Said:
        """Somebody asked for help with a step; after the run that it started was reopened it may be taken anew."""
        fix = self._fixes.clear_help(step.step)
        if step.state == "done" and self._judged.key(step) in self._context.reopened:
            fix = self._fixes.reopen(step.step, "Take it anew", "The run that it started was reopened")
        return self._help_words(step), fix

    def gone(self, step: OpenStep, gone: Gone) -> Said:
        """Whose work it is takes no more of it."""
        return _sentence(gone.why), self._fixes.assign(step.step, _sentence(gone.why))

    def unassigned(self, step: OpenStep, lack: Wanting | None) -> Said:
        """Nobody has a step that somebody has to do; ``lack``: there are too few who may."""
        fixes = self._fixes
        fix = fixes.assign(step.step) if lack is None else fixes.give_away(step.step, lack.owner)
        return f"Nobody has {step.title}", fix

    def agreed(self, step: OpenStep, agreed: Agreed) -> Said:
        """All who are left have agreed."""
        said = f"Everybody who is left in {agreed.group} has agreed to {step.title}: "
        said += f"{' or '.join(map(self._context.called, agreed.by))} approves once more, and it is done"
        return said, self._fixes.approve(step.step)

    def wanting(self, step: OpenStep, lack: Wanting) -> Said:
        """Too few people may approve it: said at once, for time alone changes nothing."""
        fix = self._fixes.give_away(step.step, lack.owner)
        if lack.group is None:
            who = self._context.called(step.assignee)
            said = f"{who} may not approve {step.title}, having had a part in it"
            fix = self._fixes.give_away(step.step, lack.owner, "Nobody approves their own work")
        elif not lack.able:
            said = f"Nobody in {lack.title} may approve {step.title}: all of them had a part in it"
        else:
            names = " and ".join(map(self._context.called, lack.able))
            said = (
                f"{step.title} needs {lack.needed} approvals, and in {lack.title} only {names} may give one"
            )
        if lack.group is not None and lack.needed > 1:
            fix = self._fixes.add_member(lack.group, lack.owner)
        return said, fix

    def outside(self, step: OpenStep, *, overdue: bool, waited: float, unlinked: bool) -> Said:
        """Somebody outside takes longer than they were given, or than is usual."""
        whom = self._context.called(step.assignee) if step.assignee else "somebody outside"
        said = f"Waits for {whom}: {step.title}"
        over = overdue and step.due_at is not None
        said += (
            f", was due {self._judge.day(step.due_at)}"
            if over and step.due_at
            else f", for {self._span(waited)}"
        )
        said += "; there is no link that opens it" if unlinked else ""
        if step.assignee is None:  # an event: there is nobody to be reminded
            return said, self._fixes.by_hand(step.step, "It has come", "It came on another way")
        return said, self._press(step)

    def unlinked(self, step: OpenStep) -> Said:
        """A guest who cannot come in: a reminder brings another link."""
        sent_at = self._context.telling.unlinked[self._judged.key(step)]
        who = self._context.called(step.assignee)
        return unlinked_words(step.title, who, sent_at, self._judge.day), self._press(step)

    def late(self, step: OpenStep) -> Said:
        """Its due has passed."""
        moved = f", moved {step.due_moves}×" if step.due_moves else ""
        day = self._judge.day(step.due_at) if step.due_at else ""
        return f"{step.title} was due {day}{moved}", self._fixes.extend(step.step)

    def approval(self, step: OpenStep, waited: float) -> Said:
        """It waits for a yes."""
        return f"{step.title} has waited for {self._span(waited)}", self._fixes.approve(step.step)

    # --- runs ---

    def untold(self, one: NotTold) -> Said:
        """Mails that somebody did not get."""
        said = untold_words(one, self._card.name, self._context.called)
        return said, self._fixes.tell(one.step, one.person, one.role)

    def target(self) -> Said:
        """The run's own target has passed."""
        what = "The whole run was to be finished" if self._aim is None else f"{self._aim} was to be over"
        day = self._judge.day(self._card.target_at) if self._card.target_at else ""
        return f"{what} by {day}", self._fixes.extend_run()

    def stage_target(self, stage: StageDot, step: OpenStep | None) -> Said:
        """The target of a stage has passed."""
        day = self._judge.day(stage.target_at) if stage.target_at else ""
        said = f"{stage.title} was to be over by {day}"
        return said, self._set_going() if step is None else self._press(step)

    def standstill(self) -> Said:
        """Nothing can be worked on."""
        stopped, said = self._judged.stopped, "Nothing can be worked on"
        if stopped is not None:
            said = f"{stopped.title} {_ENDED[stopped.state]}, and nothing else can be worked on"
        return said, self._set_going()

    def stalled(self, step: OpenStep) -> Said:
        """No progress for longer than usual in this stage."""
        said = f"No progress for {self._span(self._judged.age)}; {self._usual_words()}"
        return said, self._press(step)

    def at_risk(self) -> Said:
        """What the forecast warns of."""
        fix, face = self._fixes.sooner(), self._beside.forecast
        step = self._judged.next(self._card.stage)
        if step is not None and face is not None and face.state == "stalled":
            fix = self._press(step)
        return self._risk(), fix

    # --- parts of sentences ---

    def _help_words(self, step: OpenStep) -> str:
        told = self._context.texts.get(self._judged.key(step))
        said = f"{step.title} needs help"
        if told is None or told.reason is None:
            return said
        waits = f" (waits for {self._whom(told.waiting_on)})" if told.waiting_on else ""
        return f"{said}: {told.reason}{waits}"

    def _whom(self, waiting_on: str) -> str:
        """Whoever was named by id, by name; else the words as they were written."""
        known = waiting_on.startswith(("person:", "group:", "guest:", "service:"))
        return self._context.called(waiting_on) if known else waiting_on

    def _set_going(self) -> Fix:
        """What a run without open work can still have: the step that it stopped at once more, else its end."""
        stopped = self._judged.stopped
        if stopped is None:
            return self._fixes.cancel("Nothing of it can be worked on")
        return self._fixes.reopen(stopped.step, f"Reopen {stopped.title}", f"It {_ENDED[stopped.state]}")

    def _press(self, step: OpenStep) -> Fix:
        """A reminder to whose work it is; what nobody has, or nobody would hear of, needs somebody first."""
        if step.assignee is None:
            return self._fixes.assign(step.step)
        if self._judged.key(step) in self._context.telling.deaf:
            return self._fixes.assign(step.step, "Nobody would hear of a reminder")
        return self._fixes.nudge(step.step, step.assignee)

    def _risk(self) -> str:
        """What the forecast warns of, with its numbers where they are known."""
        face, target_at, aim = self._beside.forecast, self._card.open_target_at, self._aim
        if face is not None and face.state == "stalled":
            return _sentence(face.reason)
        if face is None or face.target_p85_at is None or face.probability is None or target_at is None:
            return "The forecast says that it will probably be finished later than its target"
        probably = "Probably finished" if aim is None else f"{aim} is probably over"
        return (
            f"{probably} by {self._judge.day(face.target_p85_at)}; the forecast gives {face.probability:.0%}"
            f" for its target, {self._judge.day(target_at)}"
        )

    def _usual_words(self) -> str:
        stage, usual = self._beside.titles.get(self._card.stage, self._card.stage), self._judged.usual
        if usual is None:
            return (
                f"too few runs have passed {stage} to say what is usual, so {UNKNOWN_DAYS} working days count"
            )
        return f"85 of 100 runs are through {stage} within {self._span(usual.hours)}"

    def _span(self, hours: float) -> str:
        days = hours / self._context.worked.day_hours
        if days >= 1:
            return _count(int(days), "working day")
        return _count(max(1, int(hours)), "working hour")


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _words(key: str) -> str:
    return key.replace("_", " ")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
