"""A row of the read model of open steps."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID


class OpenStep(NamedTuple):
    """A step that somebody can work on, or that is done while help is still asked for."""

    run: UUID
    step: str
    title: str
    kind: str
    stage: str
    manual: bool
    outside: bool
    required: bool
    assignee: str | None
    round: int
    ready_at: datetime | None
    due_at: datetime | None
    due_moves: int
    help_since: datetime | None
    incident: str | None
    incident_kind: str | None
    incident_since: datetime | None
    state: str = "ready"
