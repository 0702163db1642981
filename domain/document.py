"""The process document: what an author writes, validated; the one schema of files, API and stored versions."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from domain.condition import Condition
from domain.document_call import Http
from domain.document_part import Key, LongText, Part, Text
from domain.formula import Formula
from domain.words import Priority, RoleKey, StageKey, StepKey

StepKind = Literal["task", "form", "approval", "sign", "file", "email", "http", "wait", "run"]
AUTOMATIC: frozenset[str] = frozenset({"email", "http", "wait", "run"})

FieldKind = Literal[
    "text", "long_text", "number", "money", "date", "datetime", "choice", "multi_choice", "yes_no", "person",
    "email", "phone", "url", "files", "table", "signature", "checklist", "computed",
]  # fmt: skip
ColumnKind = Literal["text", "number", "money", "date", "choice", "yes_no", "person", "email"]


class Column(Part):
    """One column of a table field."""

    key: Key
    title: Text
    kind: ColumnKind = "text"
    choices: tuple[Text, ...] = ()


class FormField(Part):
    """One value that a person or a service gives.

    ``sets_role`` fills a role of the run with the person given; ``sets_input`` confirms or corrects a run input.
    """

    key: Key
    title: Text
    kind: FieldKind
    required: bool = False
    sensitive: bool = False
    personal: bool = False
    help: LongText = ""
    unit: Text | None = None
    minimum: float | None = None
    maximum: float | None = None
    not_before: Literal["today"] | None = None
    choices: tuple[Text, ...] = ()
    columns: tuple[Column, ...] = ()
    sets_role: RoleKey | None = None
    sets_input: Key | None = None
    formula: Formula | None = None


class AnchorField(Part):
    """The date in a field: ``inputs.go_live_target`` or ``kickoff_booked.kickoff_date``."""

    field: str


class AnchorStepReady(Part):
    """The instant at which a step became ready."""

    step_ready: StepKey


class AnchorStepDone(Part):
    """The instant at which a step was done."""

    step_done: StepKey


class AnchorStageEntered(Part):
    """The instant at which the run entered a stage."""

    stage_entered: StageKey


Anchor = (
    Literal["run_start", "run_target"] | AnchorField | AnchorStepReady | AnchorStepDone | AnchorStageEntered
)


class Offset(Part):
    """A signed distance in time; business days follow the organisation's calendar."""

    offset: int = 0
    unit: Literal["business_days", "calendar_days", "hours"] = "business_days"


class Due(Offset):
    """When a step is due: so far from its anchor; a due without a time is the end of the business day."""

    anchor: Anchor
    roll: Literal["next", "previous", "none"] = "next"
    time: Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] | None = None


class Gate(Part):
    """The step decides whether the run goes on. ``blocks`` adds dependencies: these steps wait for the gate."""

    blocks: Literal["following_stages"] | tuple[StepKey, ...] = ()


GUEST_LINK = "{guest_link}"
"""Stands in the text of a mail for the link of the guest whose step it is about."""


class Email(Part):
    """A mail that the step sends; texts are templates over run fields.

    ``at``: the invitation to a step of a person goes when the step is ready, or when it is due.
    """

    to: tuple[Text, ...]
    subject: Text
    body: LongText
    guest_link: bool = False
    at: Literal["ready", "due"] = "ready"

    @property
    def promises_link(self) -> bool:
        """Whether its guest gets a link by it: because it says so, or because its text has the place for one."""
        return self.guest_link or any(GUEST_LINK in text for text in (self.subject, self.body))


class EndsRun(Part):
    """The run ends early, with this named outcome; ``email`` tells those concerned."""

    ends_run: Text
    email: Email | None = None


class Reopens(Part):
    """These steps are to be done again, with their evidence kept."""

    reopens: tuple[StepKey, ...]


class Requires(Part):
    """The decision is only accepted together with new values for these fields; the run goes on."""

    requires: tuple[str, ...]


class Approval(Part):
    """Who has to agree (any, all or n of the role's people), to which steps, and what a refusal does."""

    covers: tuple[StepKey, ...] = ()
    needs: Literal["any", "all"] | Annotated[int, Field(ge=1, le=50)] = "any"
    on_refusal: Reopens | EndsRun | Requires | None = None


class Signature(Part):
    """What a declined signature does."""

    on_decline: EndsRun | None = None


class Reminder(Offset):
    """A reminder this long after (or, negative, before) the step is due or became ready."""

    counted_from: Literal["due", "ready"] = "due"


class Overdue(Part):
    """Whom to tell when the step is overdue, and whether it is set aside after a while (skipped, never done)."""

    notify: tuple[RoleKey, ...] = ()
    skip_after: Offset | None = None


class Wait(Part):
    """What the step waits for: an event by name, an instant, or whichever comes first. A time-out flags only.

    ``fixed``: nobody can end the wait by hand before its event or instant. ``key`` says by what name the event's sender
    knows the run (a template such as ``{crm_upsert.crm_account_id}``); without it that is the run's id.
    """

    event: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$")] | None = None
    key: Text | None = None
    until: Due | None = None
    on_timeout: tuple[RoleKey, ...] = ()
    fixed: bool = False


class ChildRun(Part):
    """The run of another process that the step starts and waits for.

    ``inputs`` are the child's, from fields of this run; ``outputs`` are the step's fields, from fields of the child
    (``inputs.plan``, ``kyc.result``) or its ``outcome``. ``roles`` are the child's, each filled as a role of this run;
    roles of the same key are filled the same anyway. ``in_project``: the child is shown in this run's project too.
    """

    process: Key
    version: Annotated[int, Field(ge=1)] | None = None
    inputs: dict[Key, str] = Field(default_factory=dict)
    roles: dict[RoleKey, RoleKey] = Field(default_factory=dict)
    outputs: dict[Key, str] = Field(default_factory=dict)
    in_project: bool = False
    incident_to: RoleKey | None = None


class Effects(Part):
    """What a rule does."""

    set_priority: Priority | None = None
    notify: tuple[RoleKey, ...] = ()
    request_help: Text | None = None


class Rule(Part):
    """When the step is done (or becomes ready) and the condition holds, do this."""

    on: Literal["done", "ready"] = "done"
    when: Condition | None = None
    then: Effects


class RepeatUntil(Part):
    """The step is done again, with an attempt counter, until the condition on its own values holds."""

    condition: Condition


Visibility = Literal["everyone", "role"] | Annotated[tuple[RoleKey, ...], Field(min_length=1)]
"""Whose eyes a step's values are for: of everybody whom the run concerns, of its own role, or of these roles too."""


class Step(Part):
    """One piece of work. Without ``after`` it follows the step before it in the same track (None: the main track).

    An automatic step acts at once when it becomes ready or, with a due rule, when it is due; a person's step with
    an ``email`` invites with it. ``shows_inputs``: the form also shows the run's inputs, to be checked and corrected.
    ``texts`` (templates by their titles) are to be read before; ``shows`` are steps and fields to be seen beside it.
    """

    key: Key
    title: Text
    kind: StepKind = "task"
    role: RoleKey | None = None
    instructions: LongText = ""
    fields: tuple[FormField, ...] = ()
    shows_inputs: bool = False
    shows: tuple[str, ...] = ()
    texts: dict[Text, LongText] = Field(default_factory=dict)
    required: bool = True
    track: Key | None = None
    after: tuple[StepKey, ...] | Literal["everything_before"] | None = None
    when: Condition | None = None
    gate: Gate | None = None
    due: Due | None = None
    weight: Annotated[float, Field(gt=0, le=1000)] = 1.0
    estimate_hours: Annotated[float, Field(gt=0)] | None = None
    visibility: Visibility = "everyone"
    reminders: tuple[Reminder, ...] = ()
    overdue: Overdue | None = None
    outcome: Text | None = None
    outcome_from: str | None = None
    actor_differs_from: tuple[StepKey, ...] = ()
    approval: Approval | None = None
    signature: Signature | None = None
    repeat_until: RepeatUntil | None = None
    email: Email | None = None
    http: Http | None = None
    wait: Wait | None = None
    run: ChildRun | None = None
    rules: tuple[Rule, ...] = ()
    closes_run: bool = False


class Stage(Part):
    """What a manager sees: a group of steps with a target (working days from the run's start)."""

    key: Key
    title: Text
    target_days: Annotated[float, Field(gt=0)] | None = None
    steps: tuple[Step, ...] = Field(min_length=1)


class Role(Part):
    """A part that somebody plays in a run. Guests take part without an account; the initiator started the run.

    ``from_input`` names the input with the person, ``manager_of`` the role whose holder's manager it is, ``group`` the
    group that shares the work: its members claim each step, or one of them is drawn for the run, in turn
    (``round_robin``) or who has the least to do (``least_loaded``). A run does not start when such a rule finds
    nobody, unless the role is ``optional``: then its steps are nobody's, and show as such.
    ``lead`` hears of what is overdue; ``becomes`` names the role that the same person fills later in the run.
    ``email_from``: the field that holds the address of a guest, such as ``inputs.primary_contact_email``.
    ``guest_code``: the guest decides nothing and hands nothing in without a code from a second mail.
    """

    key: Key
    title: Text
    guest: bool = False
    system: bool = False
    initiator: bool = False
    from_input: str | None = None
    email_from: str | None = None
    guest_code: bool = False
    manager_of: RoleKey | None = None
    group: Key | None = None
    assign: Literal["claim", "round_robin", "least_loaded"] = "claim"
    optional: bool = False
    lead: RoleKey | None = None
    becomes: RoleKey | None = None


class Digest(Offset):
    """A summary by mail, again and again in this distance, from the moment ``after`` is done (or the start)."""

    to: tuple[Text, ...] = ()
    after: StepKey | None = None


class Webhook(Part):
    """A signed call to another service for each event of this sort."""

    on: Literal["gate_outcome"]
    url: LongText


class Document(Part):
    """A process as its author writes it.

    ``reminders`` and ``escalate_after`` (then the lead of the step's role hears of it) hold for every step of a person
    that says nothing of its own. A run's target is for the stage ``target_stage``, else for the whole run;
    ``on_forecast_late`` acts when the forecast (P85) of that passes the target.
    """

    milepost: Literal[1] = 1
    key: Key
    title: Text
    owner: Text = ""
    description: LongText = ""
    note: LongText = ""
    inputs: tuple[FormField, ...] = ()
    run_name: Text = ""
    target_from: str | None = None
    target_stage: StageKey | None = None
    roles: tuple[Role, ...] = ()
    stages: tuple[Stage, ...] = Field(min_length=1)
    reminders: tuple[Reminder, ...] = ()
    escalate_after: Offset | None = None
    digest: Digest | None = None
    webhooks: tuple[Webhook, ...] = ()
    on_forecast_late: Effects | None = None

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps in document order."""
        return tuple(step for stage in self.stages for step in stage.steps)


def stored_form(document: Document) -> dict[str, Any]:
    """The document as it is stored and compared: JSON values, without what is at its default."""
    return {
        "milepost": document.milepost,
        **document.model_dump(mode="json", by_alias=True, exclude_defaults=True),
    }
