"""Who fills the roles of a run: named at the start, the initiator, a person in a field, a manager, or of a group.

A rule is asked once, when the run starts or when what it builds on becomes known; the answer is part of the event, so
that a replay finds nobody else. A role that draws somebody from a group keeps that person for the whole run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domain.definition import Definition
from domain.directory import Directory, must_be_here
from domain.document import Role
from domain.words import Actor, Assignee, Rejected, RoleKey


def cast(
    definition: Definition,
    named: Mapping[RoleKey, Assignee],
    inputs: Mapping[str, Any],
    by: Actor,
    directory: Directory,
) -> dict[RoleKey, Assignee]:
    """Who fills each role at the start: as said, else as the role says; a guest or the system is its own role.

    Rejected("nobody_found") when a rule finds nobody and the role is not optional.
    """
    unknown = sorted(role for role in named if role not in definition.roles)
    if unknown:
        raise Rejected(
            "unknown_role", f"no role is called {unknown}", unknown=unknown, accepted=sorted(definition.roles)
        )
    found = {
        key: who
        for key, role in definition.roles.items()
        if (who := named.get(key) or usual_holder(role, inputs, by))
    }
    _become(definition, found)
    _draw(definition, found, directory)
    _become(definition, found)
    for key in definition.roles:
        _ask_manager(definition, found, key, directory)
    _become(definition, found)
    for key, who in found.items():
        must_be_here(who, directory, role=key)
    return found


def draws(definition: Definition, roles: Mapping[RoleKey, Assignee]) -> Iterator[tuple[Assignee, Assignee]]:
    """(group, person) of each role that is filled with somebody out of a group, in turn or by load."""
    for key, role in definition.roles.items():
        who = roles.get(key)
        if (
            role.group is not None
            and role.assign != "claim"
            and who is not None
            and who.startswith("person:")
        ):
            yield Assignee(f"group:{role.group}"), who


def of_group(role: Role, directory: Directory) -> Assignee | None:
    """Whom a role with a group finds: the group itself for its members to claim, or one of them; None for nobody."""
    group = Assignee(f"group:{role.group}")
    match role.assign:
        case "claim":
            return group if directory.members(group) else None
        case "round_robin":
            return directory.in_turn(group)
        case "least_loaded":
            return directory.least_loaded(group)


def usual_holder(role: Role, inputs: Mapping[str, Any], initiator: Actor) -> Assignee | None:
    """Who fills a role that nobody was named for, when the role itself says who: without asking the directory."""
    if role.initiator:
        return Assignee(initiator)
    if role.from_input and inputs.get(role.from_input):
        return Assignee(inputs[role.from_input])
    if role.guest or role.system:
        return Assignee(f"guest:{role.key}" if role.guest else "service:milepost")
    return None


def _become(definition: Definition, found: dict[RoleKey, Assignee]) -> None:
    """Who fills a role fills what it becomes later too, unless somebody else does."""
    for key, role in definition.roles.items():
        if role.becomes is not None and key in found:
            found.setdefault(role.becomes, found[key])


def _draw(definition: Definition, found: dict[RoleKey, Assignee], directory: Directory) -> None:
    for key, role in definition.roles.items():
        if role.group is None or key in found:
            continue
        who = of_group(role, directory)
        if who is not None:
            found[key] = who
            directory = directory.drawn(Assignee(f"group:{role.group}"), who)
        elif not role.optional:
            raise _nobody(key, f"group:{role.group} has no active member")


def _ask_manager(
    definition: Definition, found: dict[RoleKey, Assignee], key: RoleKey, directory: Directory
) -> None:
    """Fill a role with the manager of who fills another; while nobody fills that one, nobody is looked for."""
    role = definition.roles[key]
    if role.manager_of is None or key in found:
        return
    if definition.roles[role.manager_of].manager_of is not None:
        _ask_manager(definition, found, role.manager_of, directory)
    source = found.get(role.manager_of)
    if source is None:
        return
    who = directory.manager_of(source)
    if who is not None:
        found[key] = who
    elif not role.optional:
        raise _nobody(key, f"{source} has no manager who is active")


def _nobody(role: RoleKey, why: str) -> Rejected:
    return Rejected(
        "nobody_found",
        f"nobody can be found for the role {role}: {why}",
        role=role,
        why=why,
        accepted=[f"roles.{role}"],
    )
