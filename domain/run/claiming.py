"""Work of a group: one of its members claims a step, so that nobody else does it, or gives it back."""

from __future__ import annotations

from datetime import datetime

from domain.definition import Definition
from domain.directory import Directory
from domain.document import Step
from domain.events import Event, StepAssigned
from domain.run.impartial import impartial
from domain.run.state import Run, StepState
from domain.run.work import decided, in_hand, step_of
from domain.words import Actor, Assignee, Rejected, StepKey


def claim_step(
    run: Run, definition: Definition, step: StepKey, *, by: Actor, at: datetime, directory: Directory
) -> list[Event]:
    """Take a step that is a group's; of several members who try, the first one gets it."""
    known, now = step_of(definition, step), run.step(step)
    if now.assignee == Assignee(by):
        return []
    in_hand(run, definition, step)
    group = _claimable(known, now)
    of_the_group(by, group, directory)
    impartial(run, definition, known, by)
    taken = StepAssigned(step=step, round=now.round, assignee=Assignee(by), by=by, at=at)
    return decided(run, definition, taken)


def release_step(
    run: Run, definition: Definition, step: StepKey, reason: str | None = None, *, by: Actor, at: datetime
) -> list[Event]:
    """Give a claimed step back to its group."""
    step_of(definition, step)
    now = run.step(step)
    if is_group(now.assignee):
        return []
    in_hand(run, definition, step)
    if now.claimed_from is None:
        raise Rejected("not_claimed", f"{step} was not claimed from a group", step=step, accepted=["assign"])
    if now.assignee != Assignee(by):
        raise Rejected("not_yours", f"{now.assignee} has {step}", step=step, assignee=now.assignee)
    given = StepAssigned(step=step, round=now.round, assignee=now.claimed_from, reason=reason, by=by, at=at)
    return decided(run, definition, given)


def of_the_group(who: Actor, group: Assignee, directory: Directory) -> None:
    """Rejected("not_a_member") unless somebody is an active member of the group."""
    if not directory.is_member(who, group):
        raise Rejected(
            "not_a_member",
            f"{who} is no active member of {group}",
            group=group,
            accepted=list(directory.members(group)),
        )


def group_of(step: StepState) -> Assignee | None:
    """The group whose work the step is, also while one of its members has it; None where no group shares it."""
    return step.assignee if is_group(step.assignee) else step.claimed_from


def is_group(who: str | None) -> bool:
    """Whether this is a group."""
    return who is not None and who.startswith("group:")


def shared(known: Step) -> bool:
    """Whether several people judge this step, so that nobody can have it for themselves."""
    return known.approval is not None and known.approval.needs not in ("any", 1)


def _claimable(known: Step, now: StepState) -> Assignee:
    """The group that the step can be claimed from; Rejected says who has it, or why nobody can."""
    if is_group(now.assignee) and now.assignee is not None:
        if shared(known):
            raise Rejected(
                "not_claimable",
                f"several people judge {known.key}: approve or refuse it",
                accepted=["approve", "refuse"],
            )
        return now.assignee
    if now.claimed_from is not None:
        raise Rejected("already_claimed", f"{now.assignee} has it already", claimed_by=now.assignee)
    raise Rejected(
        "not_claimable",
        f"{known.key} is the work of {now.assignee or 'nobody'}, not of a group",
        assignee=now.assignee,
        accepted=["assign"],
    )
