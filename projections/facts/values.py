"""The inputs of a run and the values of its steps: only the process view ever holds them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from projections.engine.fold import Data, Fold


class RunValues:
    """Inputs by key, for each step its values by field key, and the files attached.

    ``notes``: values of fields whose kind changed, as they were; ``hidden``: the fields (by path) that are not shown.
    """

    __slots__ = ("attachments", "hidden", "inputs", "notes", "steps")

    def __init__(self) -> None:
        self.inputs: dict[str, Any] = {}
        self.steps: dict[str, dict[str, Any]] = {}
        self.attachments: dict[str, dict[str, Any]] = {}
        self.notes: dict[str, dict[str, Any]] = {}
        self.hidden: frozenset[str] = frozenset()

    def by_path(self) -> dict[str, Any]:
        """All values by their paths, such as ``inputs.plan``, as a run has them."""
        found = {f"inputs.{name}": value for name, value in self.inputs.items()}
        for step, given in self.steps.items():
            found |= {f"{step}.{name}": value for name, value in given.items()}
        return found

    def shown(self, owner: str, values: dict[str, Any] | None) -> dict[str, Any] | None:
        """The values of a step (or the inputs) without those that its version does not have."""
        if not self.hidden or values is None:
            return values
        return {key: value for key, value in values.items() if f"{owner}.{key}" not in self.hidden}


def _inputs(values: RunValues, data: Data, _at: datetime, _by: str | None) -> None:
    values.inputs |= data.get("inputs") or {}


def _step_values(values: RunValues, data: Data, _at: datetime, _by: str | None) -> None:
    given = data.get("values")
    if given:
        values.steps[data["step"]] = {**values.steps.get(data["step"], {}), **given}
    if replaced := data.get("replaced"):
        values.notes[data["step"]] = {**values.notes.get(data["step"], {}), **replaced}


def _migrated(values: RunValues, data: Data, _at: datetime, _by: str | None) -> None:
    values.hidden = frozenset((data.get("plan") or {}).get("hidden", ()))


def _attached(values: RunValues, data: Data, at: datetime, by: str | None) -> None:
    told = {
        key: data.get(key) for key in ("attachment", "step", "name", "media_type", "size_bytes", "sha256")
    }
    values.attachments[data["attachment"]] = {**told, "by": by, "at": at.isoformat()}


def _detached(values: RunValues, data: Data, _at: datetime, _by: str | None) -> None:
    values.attachments.pop(data["attachment"], None)


RUN_VALUES = Fold(
    "run_values",
    RunValues,
    {
        "run_started": _inputs,
        "run_inputs_changed": _inputs,
        "step_values_saved": _step_values,
        "step_completed": _step_values,
        "run_migrated": _migrated,
        "attachment_added": _attached,
        "attachment_removed": _detached,
    },
)
