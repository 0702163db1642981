"""The state of a run: frozen values, one per step that anything happened to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from domain.words import Actor, Assignee, Cause, Priority, RoleKey, StageKey, StepKey, Values

StepWord = Literal[
    "locked", "ready", "in_progress", "done", "skipped", "not_applicable", "failed", "cancelled"
]
RunWord = Literal["running", "paused", "completed", "ended_early", "cancelled"]

OPEN: frozenset[str] = frozenset({"ready", "in_progress"})
SATISFIED: frozenset[str] = frozenset({"done", "skipped", "not_applicable"})
"""What a dependency must be before the steps that wait for it can begin; also: what has ended well."""
ENDED: frozenset[str] = frozenset({"done", "skipped", "failed", "cancelled"})


@dataclass(frozen=True, slots=True)
class Help:
    """What somebody needs, from whom, until when; ``over``: the step has ended or begun anew since."""

    reason: str
    waiting_on: str | None
    until: datetime | None
    cause: Cause = "user"
    over: bool = False


@dataclass(frozen=True, slots=True)
class AskedAnew:
    """Why a decision is asked for once more: what of its content changed, by path, and the hashes then and now."""

    changed: tuple[str, ...]
    decided_sha256: str | None
    present_sha256: str | None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file beside the run, or beside one of its steps; its content is kept under its SHA-256."""

    name: str
    media_type: str
    size_bytes: int
    sha256: str
    step: StepKey | None
    removed: bool = False


@dataclass(frozen=True, slots=True)
class StepState:
    """One step of a run. ``doers`` gave values or completed it in this round.

    ``contributors`` did so in earlier rounds, or said what the machine sends. ``draft`` is not yet completed.
    ``skipped_by`` decided that it is not done. ``claimed_from`` is the group whose work a member has taken.
    ``evidence``: it was done in this round. ``wanted``: somebody reopened it, so the run waits for it, required or not.
    ``alarms`` are the instants by name at which the timer has still to do something; ``overdue`` is the due for which
    that was recorded; ``shift`` is the working time by which pauses moved what its rule says, and ``due_set_at`` when
    somebody, or an anchor, last set the due: what came before moves it no more.
    ``questioned`` and ``doubted`` name steps that it builds on and that a person, or a migration, had done again.
    ``asking`` counts how often it was asked for; an attempt that repeats is of the same asking, in its own round.
    ``before``: what it was before migrations moved it, while nothing else has. ``reopened``: the whole step as it was
    before a migration had it done again. ``kept``: done, whatever its condition
    says now. ``added_later``: a newer version brought it behind the run's back, and it was set aside. ``notes``: values
    that a new field kind could not take, as they were. ``last_end``: how it ended well last, also while it is done
    again; migrations change nothing of that.
    ``decided``: the hash of what was in view at the decision that stands, or when a guest completed the step, and
    ``about`` the steps and fields that a decision was of; ``asked_anew``: why a decision was voided, until the step is
    done or skipped.
    """

    state: StepWord = "locked"
    round: int = 1
    asking: int = 1
    assignee: Assignee | None = None
    assigned_by_hand: bool = False
    claimed_from: Assignee | None = None
    ready_at: datetime | None = None
    first_ready_at: datetime | None = None
    done_at: datetime | None = None
    done_by: Actor | None = None
    skipped_by: Actor | None = None
    doers: tuple[Actor, ...] = ()
    contributors: tuple[Actor, ...] = ()
    outcome: str | None = None
    draft: Values = field(default_factory=dict)
    evidence: bool = False
    wanted: bool = False
    approvals: tuple[Actor, ...] = ()
    refused: tuple[Actor | None, str] | None = None
    due_at: datetime | None = None
    due_source: Literal["rule", "manual"] | None = None
    due_set_at: datetime | None = None
    due_moves: int = 0
    overdue: datetime | None = None
    alarms: Mapping[str, datetime] = field(default_factory=dict)
    shift: timedelta = timedelta()
    help: Help | None = None
    questioned: tuple[StepKey, ...] = ()
    doubted: tuple[StepKey, ...] = ()
    before: StepWord | None = None
    reopened: StepState | None = None
    kept: bool = False
    added_later: bool = False
    notes: Values = field(default_factory=dict)
    last_end: StepWord | None = None
    decided: str | None = None
    about: tuple[str, ...] = ()
    asked_anew: AskedAnew | None = None

    @property
    def is_open(self) -> bool:
        """Whether somebody can work on the step now."""
        return self.state in OPEN

    @property
    def help_wanted(self) -> Help | None:
        """The help that is still waited for."""
        return None if self.help is None or self.help.over else self.help


UNTOUCHED = StepState()

ActionKind = Literal["email", "http", "run"]
ActionWord = Literal["queued", "started", "failed", "uncertain", "succeeded", "unsent", "withdrawn"]
PENDING: frozenset[str] = frozenset({"queued", "started", "failed", "uncertain"})
"""Actions that may still have to be done; the three other words are ends."""


@dataclass(frozen=True, slots=True)
class ActionState:
    """Something that the machine does for the run. ``action`` names it within its step (None: the run) and round.

    ``attempt`` counts every call, ``tries`` those since it was queued or somebody decided; ``next_at`` is the instant
    before which nothing is tried (None: none); ``changes`` replace what the process says; ``incident`` is the open one.
    ``whom``: whom a mail did not reach that was not sent, or to others only.
    """

    step: StepKey | None
    round: int
    action: str
    kind: ActionKind = "http"
    state: ActionWord = "queued"
    attempt: int = 0
    tries: int = 0
    edits: int = 0
    key: str | None = None
    next_at: datetime | None = None
    queued_at: datetime | None = None
    facts: Values = field(default_factory=dict)
    changes: Values = field(default_factory=dict)
    reason: str | None = None
    result: str | None = None
    receipt: str | None = None
    incident: UUID | None = None
    whom: tuple[str, ...] = ()

    @property
    def is_pending(self) -> bool:
        """Whether it may still have to be done."""
        return self.state in PENDING

    @property
    def waits(self) -> bool:
        """Whether its next attempt is made by itself when its instant has come: nobody has to decide before."""
        return self.incident is None and self.state in ("queued", "failed", "uncertain")


@dataclass(frozen=True, slots=True)
class Incident:
    """Where the machine could not go on by itself; ``how`` says how somebody decided (None: it is open)."""

    incident: UUID
    step: StepKey | None
    round: int
    action: str
    problem: str
    reason: str
    assignee: Assignee | None
    opened_at: datetime
    how: str | None = None


@dataclass(frozen=True, slots=True)
class KeptEvent:
    """An event of another service that came before a step waits for it; ``steps`` may take it (none named: any).

    ``askings``: for which asking of each step it came, where that is not its first.
    """

    event: str
    source_id: str | None
    steps: tuple[StepKey, ...]
    values: Values
    by: Actor | None = None
    askings: Mapping[StepKey, int] = field(default_factory=dict)

    def is_for(self, key: StepKey, asking: int) -> bool:
        """Whether the step may take it, when it is asked for the so-manieth time."""
        return (not self.steps or key in self.steps) and self.askings.get(key, 1) == asking


@dataclass(frozen=True, slots=True)
class Child:
    """A run that a step started and waits for; ``state`` is None while it goes on.

    ``ended``: its end was heard of, with so many ``reopenings``. ``reopened``: it went on after that, and the step has
    not begun to wait for it anew.
    """

    child: UUID
    step: StepKey
    round: int
    process: str
    state: Literal["completed", "ended_early", "cancelled"] | None = None
    ended: bool = False
    reopenings: int = 0
    reopened: bool = False


def action_key(step: StepKey | None, round: int, action: str) -> str:  # noqa: A002 - the event's own word
    """The name of an action within its run, as ``Run.actions`` has it: ``welcome/1/email``, ``/1/digest:3``."""
    return f"{step or ''}/{round}/{action}"


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of one process version. ``values`` has every field by path: ``inputs.plan``, ``kyc.result``.

    ``givers`` gave the inputs that it was started with, or changed them since.
    ``followed``: the versions that it followed before. ``removed`` and ``hidden``: steps and fields (by path) that it
    had under one of them and that its version does not have.
    """

    state: RunWord = "running"
    process: str = ""
    process_version: int = 0
    followed: tuple[int, ...] = ()
    removed: frozenset[StepKey] = frozenset()
    hidden: frozenset[str] = frozenset()
    name: str = ""
    subject: str | None = None
    project: UUID | None = None
    priority: Priority = "none"
    priority_set: Literal["", "rule", "user"] = ""
    """Who set the priority last, once a rule had set it: what a person says after a rule stands."""
    rank: str | None = None
    target_at: datetime | None = None
    test: bool = False
    parent_run: UUID | None = None
    parent_step: StepKey | None = None
    started_at: datetime | None = None
    started_by: Actor | None = None
    givers: tuple[Actor, ...] = ()
    paused_at: datetime | None = None
    pauses: tuple[tuple[datetime, datetime], ...] = ()
    """The pauses that are over: from when to when."""
    ended_at: datetime | None = None
    reopenings: int = 0
    outcome: str | None = None
    stage_override: StageKey | None = None
    override_from: StageKey | None = None
    roles: Mapping[RoleKey, Assignee] = field(default_factory=dict)
    guest_addresses: Mapping[RoleKey, str] = field(default_factory=dict)
    """Of guests whose address was changed: the one that who leads the run has confirmed, or that was there first."""
    links_revoked: Mapping[RoleKey, int] = field(default_factory=dict)
    """How often the links of the guest in a role were revoked: those made before are dead."""
    links_barred: frozenset[RoleKey] = frozenset()
    """Roles for whose guests no link is made."""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    steps: Mapping[StepKey, StepState] = field(default_factory=dict)
    comments: frozenset[UUID] = frozenset()
    imported: bool = False
    content_salt: str | None = None
    """Part of the hashes of contents; None in runs that began before there was one."""
    actions: Mapping[str, ActionState] = field(default_factory=dict)
    """Everything that the machine does or did for the run, by ``action_key``."""
    pending: Mapping[StepKey | None, tuple[str, ...]] = field(default_factory=dict)
    """The keys of the actions of each step that may still have to be done."""
    incidents: Mapping[UUID, Incident] = field(default_factory=dict)
    sources: frozenset[str] = frozenset()
    """The ids under which other services told of something, so that each is heard once."""
    told: Mapping[str, str] = field(default_factory=dict)
    """By such an id the hash of what it stands for."""
    kept: tuple[KeptEvent, ...] = ()
    children: Mapping[UUID, Child] = field(default_factory=dict)
    attachments: Mapping[UUID, Attachment] = field(default_factory=dict)

    @property
    def ended(self) -> bool:
        """Whether the run changes only by being reopened."""
        return self.state not in ("running", "paused")

    def step(self, key: StepKey) -> StepState:
        """The step, also when nothing happened to it yet."""
        return self.steps.get(key, UNTOUCHED)


def _parts(kind: type[Any]) -> tuple[attrgetter[Any], dict[str, Any]]:
    writers = {part.name: getattr(kind, part.name).__set__ for part in fields(kind)}
    return attrgetter(*writers), writers


if TYPE_CHECKING:
    altered = replace
else:
    _PARTS = {kind: _parts(kind) for kind in (Run, StepState, ActionState, Incident, Child)}

    def altered(state: Any, /, **changes: Any) -> Any:
        """``dataclasses.replace`` for the states, several times as fast: folding does little else."""
        kind = type(state)
        read, writers = _PARTS[kind]
        new = object.__new__(kind)
        for write, value in zip(writers.values(), read(state), strict=True):
            write(new, value)
        for name, value in changes.items():
            writers[name](new, value)
        return new
