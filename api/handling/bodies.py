"""What the bodies of commands may hold: one model per verb, unknown members refused."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self, TypeVar, get_args
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from domain.document_part import Key
from domain.events import ProjectStage
from domain.mail_address import ACCEPTED
from domain.reach import REACH, in_reach
from domain.run.values import is_somebody
from domain.words import Assignee, Priority, RoleKey, StageKey, StepKey

Moment = TypeVar("Moment", date, datetime)


def _written_out(value: Any) -> Any:
    if value is not None and not isinstance(value, str):
        raise ValueError("must be written out as ISO 8601 text")
    return value


def _in_our_time(value: Moment) -> Moment:
    if not in_reach(value):
        raise ValueError(f"must lie {REACH}")
    return value


Instant = Annotated[AwareDatetime, BeforeValidator(_written_out), AfterValidator(_in_our_time)]
Day = Annotated[date, BeforeValidator(_written_out), AfterValidator(_in_our_time)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000)]
LongWords = Annotated[str, StringConstraints(max_length=20_000)]


def _reached(who: Assignee) -> Assignee:
    """A guest who is named by a mail address is named by a real one."""
    if not is_somebody(who):
        raise ValueError(f"what stands after guest: is no mail address; accepted is {ACCEPTED}")
    return who


AssigneeText = Annotated[
    Assignee,
    StringConstraints(
        pattern=r"^((person|group):\w[\w.@+-]{0,99}|(guest|service):[A-Za-z0-9][A-Za-z0-9._@+-]{0,99})$"
    ),
    AfterValidator(_reached),
]
"""Somebody. Of people and groups only those of the directory are taken, however they are spelt."""
Rank = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][0-9A-Za-z]+$", max_length=4_096)]
MEDIA_TYPE = r"^[a-z]+/[A-Za-z0-9.+_-]{1,100}$"
FieldValues = Annotated[dict[str, Any], Field(max_length=500)]


class Body(BaseModel):
    """Base of every body."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Nothing(Body):
    """No member is needed, and none is accepted."""


class Reason(Body):
    """Why; people read it in the history."""

    reason: Words


class MaybeReason(Body):
    """Why, if there is something to say."""

    reason: Words | None = None


class StartRun(Body):
    """A run of the newest published version of a process, of the version named, or (as a test) of its draft."""

    process: Key
    process_version: Annotated[int, Field(strict=True, ge=1, le=2_000_000_000)] | None = None
    name: Line | None = None
    inputs: FieldValues = Field(default_factory=dict)
    roles: Annotated[dict[RoleKey, AssigneeText], Field(max_length=200)] = Field(default_factory=dict)
    project: UUID | None = None
    priority: Priority = "none"
    target_at: Instant | None = None
    subject: Line | None = None
    test: Annotated[bool, Field(strict=True)] = False
    draft: Annotated[bool, Field(strict=True)] = False

    @model_validator(mode="after")
    def _one_version(self) -> Self:
        if self.draft and self.process_version is not None:
            raise ValueError("say `process_version` or `draft`, not both")
        return self


class CompleteByHand(Body):
    """Why a person does what the step would do by itself, and the values it would have brought."""

    reason: Words
    values: FieldValues = Field(default_factory=dict)


class Save(Body):
    """Values to keep before the step is completed; fields that are not named keep theirs."""

    values: FieldValues


class AddEvidence(Body):
    """Values for fields of a done step that have none; what was given already stays as it was."""

    values: FieldValues


class ReopenStep(Body):
    """``dependents``: whether steps already done that build on this one are kept (and marked) or reopened too."""

    reason: Words
    dependents: Literal["keep", "reopen"] = "keep"


class Assign(Body):
    """Whose work it is from now on (null: nobody's)."""

    assignee: AssigneeText | None = None
    reason: Words | None = None


class SetDueAt(Body):
    """When the step is due (null: by its rule again)."""

    due_at: Instant | None = None


class RequestHelp(Body):
    """What is needed, of whom, until when at the latest."""

    reason: Words
    waiting_on: Line | None = None
    until: Instant | None = None


class ClearHelp(Body):
    """What became of the help, if there is something to say."""

    note: Words | None = None


class SetPriority(Body):
    """How urgent it is."""

    priority: Priority


class SetTarget(Body):
    """When the run is to be finished (null: no target)."""

    target_at: Instant | None = None
    reason: Words | None = None


class ChangeInputs(Body):
    """New values of inputs; inputs that are not named keep theirs."""

    inputs: FieldValues


class Link(Body):
    """The project whose board shows the run (null: none)."""

    project: UUID | None = None


class Place(Body):
    """Where the card goes: behind the card with rank ``after`` and before the one with rank ``before`` (null: none)."""

    after: Rank | None = None
    before: Rank | None = None


class MoveRun(Place):
    """The column, and the place in it; a run's card moves within its own column only."""

    stage: StageKey


class OverrideStage(Body):
    """The stage that the card is to stand in although its steps say otherwise."""

    stage: StageKey
    reason: Words


class CommentRun(Body):
    """Text about the run, or about one of its steps."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=20_000)]
    mentions: Annotated[tuple[AssigneeText, ...], Field(max_length=50)] = ()
    step: StepKey | None = None


class AttachFile(Body):
    """A file that was uploaded before (POST /v1/files), to be shown beside the run or one of its steps."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    media_type: Annotated[str, StringConstraints(pattern=MEDIA_TYPE)]
    size_bytes: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    step: StepKey | None = None


class DetachFile(Body):
    """Which attachment is no longer to be shown, and why."""

    attachment: UUID
    reason: Words | None = None


class AssignRole(Body):
    """Who fills a role for the rest of the run (null: nobody)."""

    role: RoleKey
    assignee: AssigneeText | None = None
    reason: Words | None = None


class ConfirmGuestAddress(Body):
    """The guest in this role has this address now: another one by then is refused."""

    role: RoleKey
    address: Line


class RevokeGuestLinks(Body):
    """Every link of the guest in this role opens nothing any more, and none is sent before somebody sends one."""

    role: RoleKey
    reason: Words


class SendGuestLink(Body):
    """The guest in this role gets a new link to each step that is open for them."""

    role: RoleKey


class StageOfProject(ProjectStage):
    """A column of a board: a stable key, a title, how many open cards it should hold, and whether it takes no more."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    key: Annotated[StageKey, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
    title: Line
    wip_limit: Annotated[int, Field(strict=True, ge=1, le=10_000)] | None = None
    wip_hard: Annotated[bool, Field(strict=True)] = False


Stages = Annotated[tuple[StageOfProject, ...], Field(min_length=1, max_length=50)]


class OpenProject(Body):
    """A project: its name, its owner and the columns of its board (without them: the stages of ``process``)."""

    name: Line
    owner: AssigneeText | None = None
    stages: Stages | None = None
    process: Key | None = None

    @model_validator(mode="after")
    def _columns_come_from_somewhere(self) -> Self:
        if self.stages is None and self.process is None:
            raise ValueError("name the stages, or a process that has some")
        return self


class Rename(Body):
    """The new name."""

    name: Line


class ChangeStages(Body):
    """The whole new list of columns."""

    stages: Stages


class AddMember(Body):
    """Somebody, and how much they may do in the project."""

    member: AssigneeText
    access: Literal["viewer", "member", "manager"]


class RemoveMember(Body):
    """Somebody who is to lose access to the project."""

    member: AssigneeText


Labels = Annotated[tuple[Line, ...], Field(max_length=50)]


class AddTask(Place):
    """A card for a project's board, in a column, last unless ``after`` and ``before`` say otherwise."""

    project: UUID
    title: Line
    stage: StageKey
    description: LongWords = ""
    assignee: AssigneeText | None = None
    priority: Priority = "none"
    due_on: Day | None = None
    labels: Labels = ()


class EditTask(Body):
    """New texts; null leaves a text as it was."""

    title: Line | None = None
    description: LongWords | None = None


class MoveTask(Place):
    """The column, and the place in it."""

    stage: StageKey


class SetDueOn(Body):
    """The day on which the task is due (null: no due)."""

    due_on: Day | None = None
    reason: Words | None = None


class Label(Body):
    """All labels of the task from now on."""

    labels: Labels


class AddChecklistEntry(Body):
    """A line for the task's checklist."""

    text: Words


class Tick(Body):
    """A line of the checklist, and whether it is done."""

    entry: UUID
    done: Annotated[bool, Field(strict=True)] = True


class Depend(Body):
    """The task or run that this task waits for."""

    on: UUID
    kind: Literal["task", "run"] = "task"


class CommentTask(Body):
    """Text about the task."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=20_000)]
    mentions: Annotated[tuple[AssigneeText, ...], Field(max_length=50)] = ()


class Publish(Body):
    """What is new in this version, in words for the people who work by it."""

    note: Words


class Restore(Body):
    """The published version whose document is to be the draft again."""

    version: Annotated[int, Field(strict=True, ge=1, le=2_000_000_000)]


TokenScope = Literal["read", "work", "manage", "admin", "service", "act_as", "send_events", "scim"]
"""What a token may be made for; the address of a calendar feed is made elsewhere."""


class CreateToken(Body):
    """For whom the token is, what it may do, and for how long (null: until it is revoked)."""

    actor: Annotated[
        str, StringConstraints(pattern=r"^(person|guest|service):[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}$")
    ]
    scopes: Annotated[tuple[TokenScope, ...], Field(min_length=1, max_length=len(get_args(TokenScope)))]
    lifetime_hours: Annotated[int, Field(strict=True, ge=1, le=87_600)] | None = None


Secret = Annotated[str, StringConstraints(min_length=1, max_length=1_000)]


class ChangePassword(Body):
    """The password until now, and the one from now on."""

    old: Secret
    new: Secret


class Invite(Body):
    """What the account may do at most that the invitation makes; of an account that is there already, from then on."""

    scopes: Annotated[
        tuple[Literal["read", "work", "manage", "admin"], ...], Field(min_length=1, max_length=4)
    ]


class Confirmed(Body):
    """The caller's password."""

    password: Secret


class ConfirmCode(Body):
    """A code that the app shows, or where there is a second factor already a recovery code."""

    code: Annotated[str, StringConstraints(min_length=1, max_length=100)]


class RemoveFactor(Confirmed, ConfirmCode):
    """The caller's password and a code: with one of them nobody takes the second factor away."""


class AskReset(Body):
    """Who has lost a password: their key or their mail address."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=300)]
