"""What makes the way in which a role is filled unfit: two ways at once, a circle of managers, half a rule."""

from __future__ import annotations

from domain.document import Role
from domain.outline import Finding, Findings, Outline, Path, some

_SOURCES = ("initiator", "from_input", "manager_of", "group", "guest", "system")


def ways_to_fill(outline: Outline) -> Findings:
    """A role has one way to be filled; what only one way knows is not said beside another."""
    for place, role in enumerate(outline.document.roles):
        path: Path = ("roles", place)
        ways = [name for name in _SOURCES if getattr(role, name)]
        if len(ways) > 1 and {"manager_of", "group"} & set(ways):
            message = f"{role.key!r} is filled in more than one way: {', '.join(ways)}"
            yield Finding((*path, ways[-1]), "two_ways_to_fill", message, ("one of them",))
        if role.assign != "claim" and role.group is None:
            yield Finding(
                (*path, "assign"), "assign_without_group", "nobody can be drawn without a group", ("group",)
            )
        if role.optional and role.group is None and role.manager_of is None:
            message = "only a role with a group or a manager can be optional; others may be empty anyway"
            yield Finding((*path, "optional"), "misplaced_details", message, ("group", "manager_of"))
        yield from _manager(outline, path, role)


def _manager(outline: Outline, path: Path, role: Role) -> Findings:
    if role.manager_of is None:
        return
    roles = {each.key: each for each in outline.document.roles}
    if role.manager_of not in roles:
        message = f"no role is called {role.manager_of!r}"
        yield Finding((*path, "manager_of"), "unknown_role", message, some(sorted(roles)))
        return
    seen, above = [role.key], roles.get(role.manager_of)
    while above is not None and above.key not in seen:
        seen.append(above.key)
        above = roles.get(above.manager_of or "")
    if above is not None and above.key == role.key:
        message = f"nobody can be found first: {' → '.join([*seen, role.key])}"
        yield Finding((*path, "manager_of"), "role_cycle", message, some(sorted(set(roles) - set(seen))))
