"""Events of what the machine does for a run: mails, calls, child runs, webhooks; and the incidents when it cannot."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from domain.events.run import RunEvent
from domain.words import Actor, Assignee, StepKey, Values


class ActionEvent(RunEvent):
    """A fact about one action of a run. Step (None: the run as a whole), round and ``action`` name it within the run.

    ``action`` is ``email``, ``http`` or ``run`` for the step's own doing; else what it is for: ``invitation``,
    ``reminder:1``, ``escalation``, ``notice:overdue``, ``webhook:0``, ``digest:3``, ``farewell``.
    """

    step: StepKey | None = None
    round: int = 1
    action: str


class ActionQueued(ActionEvent):
    """The action is to be done, not before ``not_before`` (None: at once)."""

    type = "action_queued"
    public = ("step", "round", "action")
    kind: Literal["email", "http", "run"]
    not_before: AwareDatetime | None = None
    facts: Values = Field(default_factory=dict)


class ActionStarted(ActionEvent):
    """The intent, stored before the call: this attempt (from 1) is made now, under the idempotency key ``key``."""

    type = "action_started"
    public = ("step", "round", "action", "attempt")
    attempt: int
    key: str


class ActionSucceeded(ActionEvent):
    """The other side took it; ``result`` is ``sent``, ``answered``, ``started`` or ``superseded``.

    Of a mail that not everybody got ``whom`` names those who did not, and ``reason`` says why. Older logs also have the
    result ``no_address``: there was nobody to send the mail to.
    """

    type = "action_succeeded"
    public = ("step", "round", "action", "attempt", "result")
    attempt: int
    result: str
    receipt: str | None = None
    reason: str | None = None
    whom: tuple[str, ...] = ()


class ActionReachedNobody(ActionEvent):
    """The mail was not sent, for nobody whom it is for has an address; attention lists it as long as that is so.

    ``reason`` says why of each of them; ``whom`` names them: people and groups by id, roles that nobody plays
    (``role:trainer``).
    """

    type = "action_reached_nobody"
    public = ("step", "round", "action", "attempt")
    attempt: int
    reason: str
    whom: tuple[str, ...] = ()


class ActionFailed(ActionEvent):
    """The attempt came to nothing; the next one is at ``retry_at`` (None: there is none, somebody has to look).

    ``receipt`` says what part of it was done all the same, such as the addresses that have their mail.
    """

    type = "action_failed"
    public = ("step", "round", "action", "attempt", "retry_at")
    attempt: int
    reason: str
    retry_at: AwareDatetime | None = None
    receipt: str | None = None


class ActionBecameUncertain(ActionEvent):
    """No result of the call came back: whether it had its effect is not known.

    Where a second call under the same key does no harm it is made at ``retry_at``.
    """

    type = "action_became_uncertain"
    public = ("step", "round", "action", "attempt", "retry_at")
    attempt: int
    reason: str = ""
    retry_at: AwareDatetime | None = None
    receipt: str | None = None


class ActionWithdrawn(ActionEvent):
    """The action will not be done any more: its step ended or was reopened, its run ended."""

    type = "action_withdrawn"
    public = ("step", "round", "action")
    reason: str


class IncidentOpened(ActionEvent):
    """The machine cannot go on by itself; the assignee (None: nobody in particular) is asked to decide."""

    type = "incident_opened"
    public = ("step", "round", "action", "incident", "problem")
    incident: UUID
    problem: Literal[
        "failed", "uncertain", "not_allowed", "bad_document", "child_cancelled", "no_address", "guest_address"
    ]
    reason: str
    assignee: Assignee | None = None


class IncidentResolved(ActionEvent):
    """Somebody decided: the action is tried again, tried again with ``changes``, or was done by hand or let go."""

    type = "incident_resolved"
    public = ("step", "round", "action", "incident", "how")
    incident: UUID
    how: Literal["retried", "edited", "done_by_hand", "let_go"]
    reason: str | None = None
    changes: dict[str, Any] = Field(default_factory=dict)


class ExternalEventReceived(RunEvent):
    """Another service told that something happened, which a step of the run waits for or may come to wait for.

    Without ``step`` it is kept until one of ``steps`` (none named: any that waits for ``event``) becomes ready.
    """

    type = "external_event_received"
    public = ("event", "step")
    event: str
    source_id: str | None = None
    step: StepKey | None = None
    steps: tuple[StepKey, ...] = ()
    values: Values = Field(default_factory=dict)


class ChildRunStarted(RunEvent):
    """The step started a run of another process and waits for it."""

    type = "child_run_started"
    public = ("step", "round", "child", "process")
    step: StepKey
    round: int = 1
    child: UUID
    process: str


class ChildRunEnded(RunEvent):
    """The run that the step waits for has ended; ``doers`` did the work in it, so they do not approve the step.

    ``reopenings``: how often it had been reopened until then.
    """

    type = "child_run_ended"
    public = ("step", "round", "child", "state", "outcome")
    step: StepKey
    round: int = 1
    child: UUID
    state: Literal["completed", "ended_early", "cancelled"]
    outcome: str | None = None
    doers: tuple[Actor, ...] = ()
    reopenings: int = 0


class ChildRunReopened(RunEvent):
    """A run that a step had started and heard the end of goes on: it may end otherwise than it did."""

    type = "child_run_reopened"
    public = ("step", "round", "child")
    step: StepKey
    round: int = 1
    child: UUID


OfOneAction = (
    ActionQueued
    | ActionStarted
    | ActionSucceeded
    | ActionReachedNobody
    | ActionFailed
    | ActionBecameUncertain
    | ActionWithdrawn
    | IncidentOpened
    | IncidentResolved
)
"""What happens to one action of a run."""

OfChildRun = ChildRunStarted | ChildRunEnded | ChildRunReopened
"""What happens to a run that a step started."""

AnyActionEvent = OfOneAction | ExternalEventReceived | OfChildRun
