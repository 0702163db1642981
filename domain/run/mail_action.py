"""One action of a run that is a mail: which words it has, and whether it brings a guest the link to a step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.definition import Definition
from domain.document import Email
from domain.guest_steps import guest_step, is_guest
from domain.notices import notice_of
from domain.run.state import ActionState
from domain.run.telling import farewell_of
from domain.words import RoleKey, StepKey


@dataclass(frozen=True, slots=True)
class MailAction:
    """One action of a run that is a mail: of which step and round, and what was said when it was queued.

    ``facts``: ``roles`` and ``assignees`` (who hears of it), ``by``, ``text``, ``since``, ``runs`` (what a migration
    changed in them). ``changes`` are what somebody who edited the mail after it had failed wants instead: ``to``,
    ``subject``, ``body``.
    """

    action: str
    step: StepKey | None = None
    round: int = 1
    facts: Mapping[str, Any] = field(default_factory=dict)
    changes: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, action: ActionState) -> MailAction:
        """The action of a run as the writing of mails knows it."""
        return cls(action.action, action.step, action.round, action.facts, action.changes)


def authored(definition: Definition, act: MailAction) -> Email | None:
    """The mail as the process has it; None when Milepost writes it."""
    step = definition.steps.get(act.step) if act.step is not None else None
    if step is None:
        return None
    if act.action == "farewell":
        return farewell_of(step)
    return step.email if act.action in ("email", "invitation", "announcement") else None


def leads_guest_to(definition: Definition, act: MailAction) -> StepKey | None:
    """The step that the links of this mail open for its guest; None where no guest gets a link by it."""
    if act.step is None or "body" in act.changes:
        return None
    mail = authored(definition, act)
    linked = mail.promises_link if mail is not None else _leads_guests(definition, act)
    return guest_step(definition, act.step) if linked else None


def _leads_guests(definition: Definition, act: MailAction) -> bool:
    """Whether a mail that Milepost writes goes to guests, with a link in the words that are for them."""
    known = definition.steps.get(act.step) if act.step is not None else None
    notice = notice_of(act.action, known.kind if known is not None else None)
    if notice is None or "{link}" not in (notice.to_guest or notice.body):
        return False
    guests = any(is_guest(definition, RoleKey(role)) for role in act.facts.get("roles") or ())
    return guests or any(str(who).startswith("guest:") for who in act.facts.get("assignees") or ())
