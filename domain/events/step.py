"""Events of one step of a run."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field

from domain.events.run import RunEvent
from domain.words import Assignee, Cause, RoleKey, StepKey, Values


class StepEvent(RunEvent):
    """A fact about one step of a run; ``round`` counts from 1 and grows with every reopening."""

    step: StepKey
    round: int = 1


class StepBecameReady(StepEvent):
    """The step can be worked on: recorded once per transition, the only source of inboxes, dues, mails, webhooks.

    ``alarms`` are the instants at which the timer does something about it: ``reminder:1``, ``escalation``, ``skip``,
    ``until``; they are computed once, with the calendar named, so that a replay never moves them.
    """

    type = "step_became_ready"
    public = ("step", "round", "cause", "due_at")
    cause: Cause
    assignee: Assignee | None = None
    due_at: AwareDatetime | None = None
    calendar: str | None = None
    alarms: dict[str, AwareDatetime] = Field(default_factory=dict)


class StepRelocked(StepEvent):
    """A step that was ready, started or set aside has to wait again: something it depends on was reopened or added.

    A step set aside by its condition waits too, because what is done anew may change the answer.
    """

    type = "step_relocked"
    public = ("step", "round", "cause")
    cause: Cause


class StepAssigned(StepEvent):
    """The step is this assignee's work now (None: nobody's)."""

    type = "step_assigned"
    public = ("step", "round", "cause")
    assignee: Assignee | None
    cause: Cause = "user"
    reason: str | None = None


class StepDueSet(StepEvent):
    """The step is due at this instant (None: no due yet). A manual due wins over the rule.

    ``alarms`` (None: they stay as they are) replace those that the step had; see ``step_became_ready``.
    ``shift_seconds``: the working time by which pauses have moved it from what its rule says (None: as before).
    """

    type = "step_due_set"
    public = ("step", "round", "due_at", "source", "cause")
    due_at: AwareDatetime | None
    source: Literal["rule", "manual"]
    cause: str
    calendar: str | None = None
    alarms: dict[str, AwareDatetime] | None = None
    shift_seconds: float | None = Field(default=None, ge=0, le=1e11)


class StepBecameOverdue(StepEvent):
    """The due instant passed while the step was open; recorded once per due."""

    type = "step_became_overdue"
    public = ("step", "round", "due_at")
    due_at: AwareDatetime


class StepReminderRaised(StepEvent):
    """The moment of a reminder came while the step was open: ``alarm`` says which, ``alarm_at`` when it was to be."""

    type = "step_reminder_raised"
    public = ("step", "round", "alarm", "alarm_at")
    alarm: str
    alarm_at: AwareDatetime


class StepEscalated(StepEvent):
    """The step was overdue for so long that somebody else has to hear of it; it never decides anything by itself."""

    type = "step_escalated"
    public = ("step", "round", "role", "alarm_at")
    role: RoleKey | None = None
    assignee: Assignee | None = None
    alarm_at: AwareDatetime


class StepWaitTimedOut(StepEvent):
    """What the step waits for has not come in time; the step goes on waiting, and somebody should look."""

    type = "step_wait_timed_out"
    public = ("step", "round", "due_at")
    due_at: AwareDatetime


class StepStarted(StepEvent):
    """Somebody began to work on the step; or goes on, when a migration had taken it out of his hands."""

    type = "step_started"
    public = ("step", "round", "cause")
    cause: Cause = "user"


class StepValuesSaved(StepEvent):
    """Field values were kept before the step was completed; fields not named keep theirs.

    ``replaced`` are the values of fields whose kind a migration changed, as they were before; they stay as notes.
    """

    type = "step_values_saved"
    public = ("step", "round", "cause")
    values: Values
    cause: Cause = "user"
    replaced: Values = Field(default_factory=dict)


class StepCompleted(StepEvent):
    """The step was done; ``outcome`` is its named result (approved, signed, submitted …).

    ``reason`` says why a person did an automatic step by hand. Of a signature, and of whatever a guest does,
    ``content_sha256`` is the hash of what they had in view, ``about`` what a signature is about, and ``statement`` the
    sentence that was signed (None: signed before there was one, or no signature).
    """

    type = "step_completed"
    public = ("step", "round", "outcome")
    values: Values = Field(default_factory=dict)
    outcome: str | None = None
    reason: str | None = None
    content_sha256: str | None = None
    about: tuple[str, ...] = ()
    statement: str | None = None


class ApprovalGiven(StepEvent):
    """One approver said yes; the step completes when enough have.

    ``content_sha256`` is the hash of what they agreed to, ``about`` the steps and fields that it is made of.
    """

    type = "approval_given"
    public = ("step", "round")
    comment: str | None = None
    content_sha256: str | None = None
    about: tuple[str, ...] = ()


class ApprovalRefused(StepEvent):
    """One approver said no; the steps it covers are reopened, or the run ends, as the process says.

    ``content_sha256`` is the hash of what they refused, ``about`` the steps and fields that it is made of.
    """

    type = "approval_refused"
    public = ("step", "round")
    reason: str
    content_sha256: str | None = None
    about: tuple[str, ...] = ()


class DecisionVoided(StepEvent):
    """What somebody approved, refused or signed is not any more what it was: it is decided anew, in this round.

    ``changed`` names what of it changed (nothing where its version shows it otherwise), by path, never a value;
    ``decided_sha256`` is the hash of what was decided about, ``present_sha256`` of what it is now (None: nothing shows
    it any more). Agreement of some who have to agree is voided alike.
    """

    type = "decision_voided"
    public = ("step", "round", "changed", "cause")
    changed: tuple[str, ...] = ()
    decided_sha256: str | None = None
    present_sha256: str | None = None
    cause: Cause = "rule"


class StepSkipped(StepEvent):
    """Somebody decided that the step will not be done in this run."""

    type = "step_skipped"
    public = ("step", "round", "cause")
    reason: str
    cause: Cause = "user"


class StepBecameNotApplicable(StepEvent):
    """The step's condition is false, or became false; evidence already given is kept.

    ``added_later``: the step came with a newer version when the run was past it, and was set aside for that.
    """

    type = "step_became_not_applicable"
    public = ("step", "round", "cause", "added_later")
    cause: Cause
    added_later: bool = False


class StepBecameApplicable(StepEvent):
    """The step's condition became true: a step set aside takes part again.

    ``restored``: a migration had it done again, nobody has worked on it since, and another takes that back: it is as it
    was in this earlier round.
    """

    type = "step_became_applicable"
    public = ("step", "round", "cause")
    cause: Cause
    restored: bool = False


class StepFailed(StepEvent):
    """The step ended badly and for good: a declined signature, a refused gate.

    ``content_sha256`` is the hash of what was not signed, ``about`` the steps and fields that it is made of.
    """

    type = "step_failed"
    public = ("step", "round", "outcome")
    outcome: str
    reason: str | None = None
    content_sha256: str | None = None
    about: tuple[str, ...] = ()


class StepCancelled(StepEvent):
    """The step was still open when its run was called off or ended early, or a migration removed it."""

    type = "step_cancelled"
    public = ("step", "round", "cause")
    cause: Cause = "rule"


class StepReopened(StepEvent):
    """An ended step is to be done again; ``round`` is the new round, earlier evidence is kept."""

    type = "step_reopened"
    public = ("step", "round", "cause")
    reason: str
    cause: Cause = "user"


class StepEvidenceQuestioned(StepEvent):
    """A done step stays done although something it was based on was reopened: somebody should look."""

    type = "step_evidence_questioned"
    public = ("step", "round", "reopened")
    reopened: StepKey
    cause: Cause = "user"


class HelpRequested(StepEvent):
    """Work on the step needs somebody else: what for, on whom it waits, until when at the latest."""

    type = "help_requested"
    public = ("step", "round", "until")
    reason: str
    waiting_on: str | None = None
    until: AwareDatetime | None = None
    cause: Cause = "user"


class HelpCleared(StepEvent):
    """The help asked for on the step is no longer needed."""

    type = "help_cleared"
    public = ("step", "round")
    note: str | None = None


StepTransition = (
    StepBecameReady
    | StepRelocked
    | StepStarted
    | StepCompleted
    | StepSkipped
    | StepBecameNotApplicable
    | StepBecameApplicable
    | StepFailed
    | StepCancelled
    | StepReopened
)
"""What brings a step into another state."""

StepDetail = (
    StepAssigned
    | StepDueSet
    | StepBecameOverdue
    | StepReminderRaised
    | StepEscalated
    | StepWaitTimedOut
    | StepValuesSaved
    | ApprovalGiven
    | ApprovalRefused
    | DecisionVoided
    | StepEvidenceQuestioned
    | HelpRequested
    | HelpCleared
)
"""What else is said of a step: whose it is, its times, what was judged, who helps."""

AnyStepEvent = StepTransition | StepDetail
