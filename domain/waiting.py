"""What tasks wait for: none waits for itself by way of others, and none is done before what it waits for is over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from domain.words import Rejected

DependencyKind = Literal["task", "run"]
MOST_BEHIND = 1_000
"""So many tasks may stand behind one: what is more is no plan that anybody follows."""


@dataclass(frozen=True, slots=True)
class Other:
    """A task or a run that something waits for: whether it is over, and the tasks that it waits for itself."""

    is_over: bool = False
    waits_for: frozenset[UUID] = frozenset()


Others = Mapping[UUID, Other]
"""The tasks and runs around a task, by their ids, as they are now."""


def no_circle(task: UUID, on: UUID, others: Others) -> None:
    """Rejected when a task is to wait for itself, or for one that waits for it, directly or by way of others.

    ``others`` has every task behind ``on``.
    """
    if on == task:
        raise Rejected("own_dependency", "a task cannot wait for itself")
    if len(others) > MOST_BEHIND:
        raise Rejected(
            "too_many_dependencies", f"the other waits for more than {MOST_BEHIND} tasks", most=MOST_BEHIND
        )
    came: dict[UUID, UUID] = {}
    queue = [on]
    for at in queue:  # grows while it is walked through
        for next_ in others[at].waits_for if at in others else ():
            if next_ == task:
                way = _way(came, on, at)
                raise Rejected("dependency_cycle", "the other task waits for this one", on=str(on), way=way)
            if next_ not in came and next_ != on:
                came[next_] = at
                queue.append(next_)


def nothing_left(dependencies: Iterable[tuple[UUID, str]], others: Others) -> None:
    """Rejected("still_waiting") while something that the task waits for is not over."""
    left = sorted(str(on) for on, _ in dependencies if on not in others or not others[on].is_over)
    if left:
        raise Rejected(
            "still_waiting",
            f"what this task waits for is not over yet ({len(left)}): see to that, or let it wait no longer",
            waits_for=left,
            accepted=["undepend"],
        )


def _way(came: Mapping[UUID, UUID], first: UUID, last: UUID) -> list[str]:
    """The tasks between, from the other one on."""
    way = [last]
    while way[-1] != first:
        way.append(came[way[-1]])
    return [str(each) for each in reversed(way)]
