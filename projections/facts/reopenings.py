"""How often a run was reopened, and what a parent has heard of the reopenings of its children."""

from __future__ import annotations

from uuid import UUID

from domain import events as e


class Reopenings:
    """How often a run was reopened, its parent, and how many reopenings of its own children it has heard of."""

    def __init__(self) -> None:
        self.parent: UUID | None = None
        self.count = 0
        self.heard: dict[UUID, int] = {}


def started(found: Reopenings, event: e.RunStarted) -> None:
    found.parent = event.parent_run


def reopened(found: Reopenings, _event: e.RunReopened) -> None:
    found.count += 1


def child_ended(found: Reopenings, event: e.ChildRunEnded) -> None:
    if event.reopenings:
        found.heard[event.child] = event.reopenings
