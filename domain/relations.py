"""How somebody stands to a run, a step, a task or a project: what rights follow from, by the log's own states."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Literal

from domain.definition import Definition
from domain.directory import Directory
from domain.document import Step
from domain.project import Project
from domain.rights import Rights
from domain.run import Run
from domain.task import Task
from domain.visible import Versions, is_for_roles
from domain.words import Actor, Assignee, Rejected, RoleKey, StepKey

Relation = Literal[
    "anybody",
    "self",
    "manager",
    "guest",
    "directory",
    "assignee",
    "role_holder",
    "role_lead",
    "worker",
    "taker",
    "participant",
    "initiator",
    "maker",
    "project_viewer",
    "project_member",
    "project_lead",
    "process_owner",
    "auditor",
    "administrator",
]
"""What somebody can be to something:

``anybody``: whoever has a token or is signed in. ``self``: it is about them. ``manager``: they are the manager of whom
it is about, however indirectly. ``guest``: their link leads to this step.
``directory``: a program with the scope ``scim``, by which the directory of the house keeps people and groups.
``assignee``: it is given to them, or to a group of theirs. ``role_holder``: they fill the role of the step.
``role_lead``: they fill the role that leads the step's, or any of the run where it is about the run as a whole.
``worker``: they did the step, or a part of it. ``taker``: the step is nobody's, and nobody fills a role for it; that
counts for who works in the run or its project, or looks after it.
``participant``: they fill a role of the run, are given one of its steps or did one. ``initiator``: they started it.
``maker``: they made it. ``project_viewer``, ``project_member``, ``project_lead``: as the project has them; its owner
and its managers lead it. ``process_owner``, ``auditor``, ``administrator``: granted in the house.
"""

OF_PROJECT: frozenset[Relation] = frozenset({"project_viewer", "project_member", "project_lead"})
OF_HOUSE: frozenset[Relation] = frozenset({"process_owner", "auditor", "administrator"})


def is_one_of(who: Actor | Assignee, others: Iterable[str | None], house: Directory) -> bool:
    """Whether somebody is among these, or an active member of a group among these."""
    return any(
        other == who or (other.startswith("group:") and house.is_member(who, other))
        for other in others
        if other is not None
    )


def to_run(
    who: Actor, run: Run, definition: Definition, step: StepKey | None, house: Directory
) -> set[Relation]:
    """What somebody is to a run and, where one is named, to a step of it, by the run alone."""
    found: set[Relation] = set()
    if run.started_by == who:
        found.add("initiator")
    if takes_part(who, run, house):
        found.add("participant")
    if step is not None:
        found |= _to_step(who, run, definition, step, house)
    if _leads(who, run, definition, step, house):
        found.add("role_lead")
    return found


def _leads(who: Actor, run: Run, definition: Definition, step: StepKey | None, house: Directory) -> bool:
    led = None if step is None else definition.steps[step].role
    leads = {
        role.lead for role in definition.document.roles if (role.lead and step is None) or role.key == led
    }
    return is_one_of(who, [run.roles.get(RoleKey(lead)) for lead in leads if lead is not None], house)


def takes_part(who: Actor | Assignee, run: Run, house: Directory) -> bool:
    """Whether somebody fills a role of the run, is given one of its steps or has worked on one."""
    if is_one_of(who, run.roles.values(), house):
        return True
    return any(
        who in (step.done_by, *step.doers, *step.approvals, *step.contributors)
        or is_one_of(who, [step.assignee], house)
        for step in run.steps.values()
    )


def _to_step(who: Actor, run: Run, definition: Definition, step: StepKey, house: Directory) -> set[Relation]:
    found: set[Relation] = set()
    known, now = definition.steps[step], run.step(step)
    filled = None if known.role is None else run.roles.get(RoleKey(known.role))
    if is_one_of(who, [now.assignee], house):
        found.add("assignee")
    if is_one_of(who, [filled], house) or _plays_guest(who, definition, known.role):
        found.add("role_holder")
    if who in (now.done_by, *now.doers, *now.approvals, *now.contributors):
        found.add("worker")
    if now.assignee is None and filled is None:
        found.add("taker")
    return found


def _plays_guest(who: Actor, definition: Definition, role: str | None) -> bool:
    """Whether a program acts for the guest of this role, whoever that is."""
    return role is not None and definition.roles[RoleKey(role)].guest and who == f"guest:{role}"


def to_task(who: Actor, task: Task, house: Directory) -> set[Relation]:
    """What somebody is to a task, by the task alone."""
    return {"assignee"} if is_one_of(who, [task.assignee], house) else set()


def to_project(who: Actor, project: Project, house: Directory) -> set[Relation]:
    """What somebody is to a project; who leads it is a member and a viewer too."""
    found = [access for member, access in project.members.items() if is_one_of(who, [member], house)]
    if "manager" in found or is_one_of(who, [project.owner], house):
        return {"project_lead", "project_member", "project_viewer"}
    if "member" in found:
        return {"project_member", "project_viewer"}
    return {"project_viewer"} if found else set()


def of_groups(*named: Iterable[str | None]) -> bool:
    """Whether any of these is a group, so that it has to be asked who is in it."""
    return any(each is not None and each.startswith("group:") for part in named for each in part)


def is_sealed(versions: Versions, step: StepKey | None) -> bool:
    """Whether the values of a step are for some roles only, under any version that the run followed."""
    return step is not None and any(
        is_for_roles(version.steps[step]) for version in versions if step in version.steps
    )


def sealed_roles(versions: Versions) -> Collection[RoleKey]:
    """The roles whose holders see values that are not for everybody in the run."""
    found: set[str] = set()
    for version in versions:
        for key, step in version.steps.items():
            if _has_sealed(step):
                named = step.visibility if isinstance(step.visibility, tuple) else ()
                judges = (version.steps[judge].role for judge in version.judges.get(key, ()))
                found.update(role for role in (step.role, *named, *judges) if role is not None)
    return {RoleKey(role) for role in found}


def opens_sealed(versions: Versions, step: StepKey) -> bool:
    """Whether whoever has this step sees values that are not for everybody in the run: its own, or those it judges."""
    return any(
        _has_sealed(known) and (key == step or step in version.judges.get(key, ()))
        for version in versions
        for key, known in version.steps.items()
    )


def _has_sealed(step: Step) -> bool:
    return is_for_roles(step) or any(field.sensitive for field in step.fields)


def must_not_take(
    who: Actor, assignee: Assignee | None, house: Directory, *, sealed: bool, administers: bool
) -> None:
    """Rejected("own_grant") where somebody gives themselves what opens values to them that are not for everybody.

    ``sealed``: the role, or the step, opens such values. Whoever ``administers`` the house sees them anyhow.
    """
    if sealed and not administers and is_one_of(who, [assignee], house):
        raise Rejected(
            "own_grant",
            "nobody gives themselves what opens values that are for some only",
            accepted=["somebody else who leads the run gives it", "an administrator gives it"],
        )


def by_house_roles(rights: Rights | None, process: str | None, at: datetime) -> set[Relation]:
    """What somebody is to everything of the house, and to what follows this process."""
    if rights is None:
        return set()
    found: set[Relation] = set()
    if rights.has("administrator", at):
        found.add("administrator")
    if rights.has("auditor", at):
        found.add("auditor")
    if rights.has("process_owner", at) or (process is not None and rights.owns(process, at)):
        found.add("process_owner")
    return found
