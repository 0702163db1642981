"""One task in full: its card, its checklist, its comments, what it waits for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.schedule import Calendar
from projections.answers import Card
from projections.asking import Conn, NotFound, fresh
from projections.board.queries import card
from projections.engine.projection import blocks

_SQL = {name: text.encode() for name, text in blocks("board/tasks").items() if text}


@dataclass(frozen=True, slots=True)
class ChecklistLine:
    """One line; who ticked it, and when."""

    entry: UUID
    text: str
    done: bool
    by: str | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Comment:
    """What somebody wrote, and whom it names."""

    comment: UUID
    text: str
    mentions: tuple[str, ...]
    by: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a task waits for, and whether that is over; ``name`` is empty for what is not on any board yet."""

    on: UUID
    kind: str
    name: str
    state: str
    over: bool


@dataclass(frozen=True, slots=True)
class TaskView:
    """A task with all that is known of it."""

    card: Card
    checklist: tuple[ChecklistLine, ...]
    comments: tuple[Comment, ...]
    waits_for: tuple[Waiting, ...]
    position: int
    as_of: datetime
    behind: int = 0


def task(
    connection: Conn, task_id: UUID, *, now: datetime | None = None, calendar: Calendar | None = None
) -> TaskView:
    """One task in full. Raises NotFound."""
    current = fresh(connection, "tasks", "board")
    row = connection.execute(_SQL["show"], {"task": task_id}).fetchone()
    if row is None:
        raise NotFound("task", task_id)
    checklist, comments, waits_for = row
    return TaskView(
        card(connection, task_id, now=now, calendar=calendar),
        tuple(_line(key, line) for key, line in _in_order(checklist)),
        tuple(_comment(key, told) for key, told in _in_order(comments)),
        _waiting(connection, waits_for),
        *current,
    )


def _comment(key: str, told: dict[str, Any]) -> Comment:
    at = datetime.fromisoformat(told["at"])
    return Comment(UUID(key), told["text"], tuple(told["mentions"]), told["by"], at)


def _waiting(connection: Conn, waits_for: dict[str, Any]) -> tuple[Waiting, ...]:
    found = connection.execute(_SQL["others"], {"cards": [UUID(key) for key in waits_for]})
    known = {str(row[0]): row for row in found}
    return tuple(_one(key, each["kind"], known.get(key)) for key, each in waits_for.items())


def _one(key: str, kind: str, row: tuple[Any, ...] | None) -> Waiting:
    if row is None:
        return Waiting(UUID(key), kind, "", "not_started", over=False)
    _, _, name, life, state = row
    return Waiting(
        UUID(key), kind, name, state, over=life in ("done", "completed", "ended_early", "cancelled")
    )


def _line(key: str, line: dict[str, Any]) -> ChecklistLine:
    at = None if line["at"] is None else datetime.fromisoformat(line["at"])
    return ChecklistLine(UUID(key), line["text"], line["done"], line["by"], at)


def _in_order(told: dict[str, dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    return sorted(told.items(), key=lambda entry: int(entry[1]["place"]))
