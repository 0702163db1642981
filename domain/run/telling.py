"""Whom an event of a run concerns: the mails that tell them are queued in the same append as the event.

All of them are on for everybody: each goes only to whom it concerns, and says why. What a timer tells (reminders,
overdue, escalations) is queued by the timer's own decisions, what a rule tells by the rule.
"""

from __future__ import annotations

from domain import events as e
from domain.definition import Definition
from domain.document import AUTOMATIC, Email, EndsRun, Step
from domain.run.evolve_step import REPEAT
from domain.run.state import Run, action_key
from domain.words import StepKey, Values

MIGRATION = "migration:"
"""The mails of a migration, one for each person: they tell of other runs too, and so do not wait for their own."""
LASTING = (
    "webhook:",
    "farewell",
    "announcement",
    "mention:",
    "notice:done:",
    "address_left:",
    "declined:",
    MIGRATION,
)
"""Actions that tell of what has happened: they are done also when their step or run has ended since."""

Told = tuple[StepKey | None, str, Values]
"""The step that a mail is about, the name of its action, and its facts."""

_PEOPLE = ("person:", "guest:", "group:")


def mails_of(  # noqa: PLR0911 - one closed match
    run: Run, definition: Definition, event: e.AnyRunStreamEvent
) -> list[Told]:
    """The mails that this event entails, beside the invitation, which waits for its instant."""
    match event:
        case e.StepCompleted(outcome=outcome) if outcome != REPEAT:
            known = definition.steps.get(event.step)
            return [(event.step, "announcement", {})] if _announces(known) else []
        case e.RunEndedEarly(step=str(step)):
            return (
                [(StepKey(step), "farewell", {})] if farewell_of(definition.steps.get(StepKey(step))) else []
            )
        case e.ApprovalRefused() | e.StepFailed() if _is_guest(event.by):
            return _refused_by_guest(run, definition, event)
        case e.HelpRequested() if event.waiting_on and not _in_digest(event):
            return _help(run, definition, event)
        case e.RunCommented() if event.mentions:
            to = [who for who in dict.fromkeys(event.mentions) if str(who) != event.by]
            said = {"assignees": to, "by": event.by, "text": event.text[:2_000]}
            return [(event.step, f"mention:{event.comment}", said)] if to else []
        case e.StepAssigned(cause="user") if event.assignee and str(event.assignee) != event.by:
            return _assigned(run, event)
        case _:
            return []


def invitation_of(known: Step | None) -> Email | None:
    """The mail that invites to a step of a person; None where the step has none."""
    return known.email if known is not None and known.kind not in AUTOMATIC else None


def farewell_of(known: Step | None) -> Email | None:
    """The mail with which a step ends its run: of a refusal, or of a signature that was declined."""
    if known is None:
        return None
    refusal = known.approval.on_refusal if known.approval else None
    decline = known.signature.on_decline if known.signature else None
    ends = (each for each in (refusal, decline) if isinstance(each, EndsRun))
    return next((each.email for each in ends if each.email is not None), None)


def _announces(known: Step | None) -> bool:
    """Whether a step that is no mail itself tells by mail that it is done: a call, a wait or a child run."""
    return known is not None and known.email is not None and known.kind in AUTOMATIC - {"email"}


def _in_digest(event: e.HelpRequested) -> bool:
    """Whether the mail of the migration tells of it, as of all that it changed for somebody; guests get none."""
    return event.cause == "migration" and not str(event.waiting_on).startswith("guest:")


def _help(run: Run, definition: Definition, event: e.HelpRequested) -> list[Told]:
    """Whoever is waited for hears of it, when it is somebody: a person, a group, or a role by its key or title."""
    waited = str(event.waiting_on)
    facts: Values = {"by": event.by, "text": event.reason}
    if waited.startswith(_PEOPLE):
        facts["assignees"] = [waited]
    else:
        role = next((role for role in definition.document.roles if waited in (role.key, role.title)), None)
        if role is None:
            return []
        facts["roles"] = [role.key]
    asked = sum(1 for key in run.actions if key.startswith(f"{event.step}/{event.round}/help"))
    return [(event.step, f"help:{asked}", facts)]


def _assigned(run: Run, event: e.StepAssigned) -> list[Told]:
    if not run.step(event.step).is_open or not str(event.assignee).startswith(_PEOPLE):
        return []
    start = action_key(event.step, event.round, "assigned")
    given = sum(1 for key in run.actions if key.startswith(start))
    return [
        (
            event.step,
            f"assigned:{given}",
            {"assignees": [event.assignee], "by": event.by, "text": event.reason},
        )
    ]


def _is_guest(who: str | None) -> bool:
    return who is not None and who.startswith("guest:")


def _refused_by_guest(
    run: Run, definition: Definition, event: e.ApprovalRefused | e.StepFailed
) -> list[Told]:
    """Who started the run hears of a guest who refused or did not sign, and whoever leads the guest's role."""
    facts: Values = {"by": event.by, "text": event.reason}
    if run.started_by is not None and run.started_by.startswith("person:"):
        facts["assignees"] = [run.started_by]
    known = definition.steps.get(event.step)
    role = definition.roles.get(known.role) if known is not None and known.role is not None else None
    if role is not None and role.lead is not None:
        facts["roles"] = [role.lead]
    if "assignees" not in facts and "roles" not in facts:
        return []
    start = action_key(event.step, event.round, "declined:")
    return [(event.step, f"declined:{sum(1 for key in run.actions if key.startswith(start))}", facts)]
