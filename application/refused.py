"""How a request is refused by what only the application knows: something is not there, or it is not for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from domain.words import Rejected

RefusalCode = Literal[
    "bad_decision_link", "bad_guest_link", "not_allowed", "not_in_project",
    "unknown_file", "unknown_group", "unknown_person", "unknown_process",
    "unknown_project", "unknown_recurrence", "unknown_run", "unknown_service",
    "unknown_step", "unknown_task", "unknown_version",
    "unknown_view", "wrong_type",
]  # fmt: skip
"""Each of them has a status and a meaning in `api/wire/problems.py`, where mypy misses one that has none."""


_UNKNOWN: Mapping[str, RefusalCode] = {
    "file": "unknown_file", "group": "unknown_group", "person": "unknown_person", "process": "unknown_process",
    "project": "unknown_project", "recurrence": "unknown_recurrence", "run": "unknown_run", "step": "unknown_step",
    "task": "unknown_task", "view": "unknown_view",
}  # fmt: skip


class Refused(Rejected):
    """Not a rule of one aggregate said no: there is no such thing, or whoever asks may not. ``code`` says which."""

    code: RefusalCode

    def __init__(self, code: RefusalCode, detail: str, **facts: Any) -> None:
        """``facts`` (JSON values) name what would be accepted."""
        super().__init__(code, detail, **facts)


def not_there(kind: str, name: object) -> Refused:
    """There is none of this kind, or none that whoever asks may know of."""
    return Refused(_UNKNOWN[kind], f"there is no {kind} {name}")
