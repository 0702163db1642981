"""The small shared vocabulary of the domain: ids, actors, refusals."""

from __future__ import annotations

from typing import Any, Literal, NewType
from uuid import UUID, uuid5

RunId = NewType("RunId", UUID)
ProjectId = NewType("ProjectId", UUID)
TaskId = NewType("TaskId", UUID)
StepKey = NewType("StepKey", str)
StageKey = NewType("StageKey", str)
RoleKey = NewType("RoleKey", str)

Actor = NewType("Actor", str)
"""Who did something: ``kind:id`` with kind one of person, guest, service, system; for example ``person:dana``."""

MACHINE = Actor("system:milepost")
"""Who acts when Milepost does something by itself."""

Assignee = NewType("Assignee", str)
"""Whose work something is: ``person:dana``, ``guest:customer_champion``, ``group:legal`` or ``service:crm``."""

Priority = Literal["urgent", "high", "medium", "low", "none"]
PRIORITIES: tuple[Priority, ...] = ("urgent", "high", "medium", "low", "none")

Cause = Literal["user", "rule", "timer", "migration", "import"]
"""Why a step changed its state without being completed itself."""

Values = dict[str, Any]
"""Field values of a form by field key, as JSON."""


_PROCESSES = UUID("6f1f7c3e-6a0c-5b0e-9d3b-0c5d2a6e4b11")


def process_stream(key: str) -> UUID:
    """The stream of the process with this key: the same in every installation."""
    return uuid5(_PROCESSES, key)


_PEOPLE = UUID("6f1f7c3e-6a0c-5b0e-9d3b-0c5d2a6e4b12")
_GROUPS = UUID("6f1f7c3e-6a0c-5b0e-9d3b-0c5d2a6e4b13")


def person_stream(key: str) -> UUID:
    """The stream of the person with this key (without ``person:``): the same in every installation."""
    return uuid5(_PEOPLE, key)


def group_stream(key: str) -> UUID:
    """The stream of the group with this key (without ``group:``): the same in every installation."""
    return uuid5(_GROUPS, key)


_RIGHTS = UUID("6f1f7c3e-6a0c-5b0e-9d3b-0c5d2a6e4b14")


def rights_stream(holder: str) -> UUID:
    """The stream of what a ``person:…`` or ``service:…`` may do: the same in every installation."""
    return uuid5(_RIGHTS, holder)


def full_path(name: str, owner: str = "inputs") -> str:
    """The path of a field as a document names it: what is written without an owner is this owner's."""
    return name if "." in name else f"{owner}.{name}"


class Rejected(Exception):
    """A rule said no; nothing is recorded. ``code`` is stable, ``detail`` is for people."""

    def __init__(self, code: str, detail: str, **facts: Any) -> None:
        """``facts`` (JSON values) name what would be accepted, for example ``missing=["goals"]``."""
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.facts = facts
