"""Events of a run as a whole."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, Field

from domain.events.base import Event
from domain.words import Actor, Assignee, Cause, Priority, RoleKey, StageKey, StepKey, Values


class RunEvent(Event):
    """A fact about one run."""

    aggregate = "run"


class RunStarted(RunEvent):
    """One execution of one process version began for one subject. Test runs count in no statistic.

    ``imported``: it happened elsewhere and was read in; nothing is sent or called on its behalf. ``given_by``: who gave
    what a child run is started with; nobody named: who started it. ``content_salt``: a random text that is part of all
    hashes of what is decided about in this run, so that nobody can guess a short value that is not shown to them.
    """

    type = "run_started"
    public = ("process", "process_version", "project", "priority", "target_at", "test")
    untold = ("content_salt",)
    process: str
    process_version: int
    name: str
    subject: str | None = None
    inputs: Values = Field(default_factory=dict)
    roles: dict[RoleKey, Assignee] = Field(default_factory=dict)
    project: UUID | None = None
    priority: Priority = "none"
    target_at: AwareDatetime | None = None
    test: bool = False
    parent_run: UUID | None = None
    parent_step: StepKey | None = None
    imported: bool = False
    given_by: tuple[Actor, ...] = ()
    content_salt: str | None = None


class RunInputsChanged(RunEvent):
    """Some inputs of the run got new values; inputs not named keep theirs. ``cause`` rule: by what a step was given."""

    type = "run_inputs_changed"
    inputs: Values
    cause: Cause = "user"


class RunTargetSet(RunEvent):
    """The run is to be finished at this instant (None: no target)."""

    type = "run_target_set"
    public = ("target_at",)
    target_at: AwareDatetime | None
    reason: str | None = None


class RunPrioritySet(RunEvent):
    """The run's priority changed."""

    type = "run_priority_set"
    public = ("priority", "cause")
    priority: Priority
    cause: Cause = "user"


class RunLinked(RunEvent):
    """The run is shown as a card of this project (None: of no project)."""

    type = "run_linked"
    public = ("project",)
    project: UUID | None


class RunRanked(RunEvent):
    """The run's card got a place within its column: cards are sorted by rank (text, compared bytewise)."""

    type = "run_ranked"
    public = ("rank",)
    rank: str


class RunPaused(RunEvent):
    """Work and due clocks stopped."""

    type = "run_paused"
    reason: str


class RunResumed(RunEvent):
    """Work and due clocks go on."""

    type = "run_resumed"


class RunCompleted(RunEvent):
    """Every required applicable step has ended well; ``outcome`` is the named result."""

    type = "run_completed"
    public = ("outcome",)
    outcome: str | None = None


class RunEndedEarly(RunEvent):
    """A decision ended the run before its last step, for example with the outcome ``Not signed``."""

    type = "run_ended_early"
    public = ("outcome", "step")
    outcome: str
    step: StepKey | None = None
    reason: str | None = None


class RunCancelled(RunEvent):
    """Somebody called the run off."""

    type = "run_cancelled"
    reason: str


class RunReopened(RunEvent):
    """An ended run takes work again: one of its steps was reopened, or the log that it was imported from went on."""

    type = "run_reopened"
    reason: str


class RoleAssigned(RunEvent):
    """From now on this role of the run is filled by the assignee (None: by nobody)."""

    type = "role_assigned"
    public = ("role", "cause")
    role: RoleKey
    assignee: Assignee | None
    cause: Cause = "user"
    reason: str | None = None


class GuestAddressChanged(RunEvent):
    """The guest in a role has another mail address now (None: none); nothing goes there before it is confirmed."""

    type = "guest_address_changed"
    public = ("role",)
    role: RoleKey
    before: str
    after: str | None


class GuestAddressConfirmed(RunEvent):
    """Somebody who leads the run said that the guest in a role is to be written to at this address."""

    type = "guest_address_confirmed"
    public = ("role",)
    role: RoleKey
    address: str


class GuestLinksRevoked(RunEvent):
    """Every link that the guest in a role has is dead, and none is made for them before somebody allows it again."""

    type = "guest_links_revoked"
    public = ("role",)
    role: RoleKey
    reason: str


class GuestLinksAllowed(RunEvent):
    """Links are made again for the guest in a role; those that were revoked stay dead."""

    type = "guest_links_allowed"
    public = ("role",)
    role: RoleKey


class RunCommented(RunEvent):
    """Somebody wrote about the run, or about one of its steps."""

    type = "run_commented"
    public = ("step",)
    comment: UUID
    text: str
    mentions: tuple[Assignee, ...] = ()
    step: StepKey | None = None


class AttachmentAdded(RunEvent):
    """A file was put beside the run, or beside one of its steps; its content is kept under its SHA-256."""

    type = "attachment_added"
    public = ("step", "attachment", "size_bytes")
    attachment: UUID
    step: StepKey | None = None
    name: str
    media_type: str
    size_bytes: int
    sha256: str


class AttachmentRemoved(RunEvent):
    """The file is no longer shown beside the run; what happened before is not forgotten."""

    type = "attachment_removed"
    public = ("attachment",)
    attachment: UUID
    reason: str | None = None


class RunMigrated(RunEvent):
    """The run follows another version of its process from here on.

    ``plan`` is what the planner found, difference by difference; ``choices`` are the answers to what it left open. The
    events that bring each step to where the new version wants it follow, with the cause ``migration``.
    """

    type = "run_migrated"
    public = ("process", "from_version", "to_version")
    process: str
    from_version: int
    to_version: int
    plan: dict[str, Any] = Field(default_factory=dict)
    choices: dict[str, Any] = Field(default_factory=dict)
    reason: str | None = None


class StageOverridden(RunEvent):
    """Somebody with the right to do so moved the run's card to a stage that its steps do not give.

    ``from_stage`` is the stage that they gave then; the override holds until they give another one.
    """

    type = "stage_overridden"
    public = ("stage", "from_stage")
    stage: StageKey
    reason: str
    from_stage: StageKey | None = None


class StageOverrideCleared(RunEvent):
    """The run's stage is again the one its steps give."""

    type = "stage_override_cleared"


RunTransition = (
    RunStarted
    | RunPaused
    | RunResumed
    | RunCompleted
    | RunEndedEarly
    | RunCancelled
    | RunReopened
    | RunMigrated
)
"""How a run begins, goes on and ends."""

RunDetail = (
    RunInputsChanged
    | RunTargetSet
    | RunPrioritySet
    | RunLinked
    | RunRanked
    | RoleAssigned
    | GuestAddressChanged
    | GuestAddressConfirmed
    | GuestLinksRevoked
    | GuestLinksAllowed
    | RunCommented
    | AttachmentAdded
    | AttachmentRemoved
    | StageOverridden
    | StageOverrideCleared
)
"""What is set of a run as a whole, and what stands beside it."""

AnyRunEvent = RunTransition | RunDetail
