"""The inputs of a run and the values of its steps: only the process view ever holds them."""

from __future__ import annotations

from typing import Any

from domain import events as e
from domain.run.evolve_migrated import named_in


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


def inputs(values: RunValues, event: e.RunStarted | e.RunInputsChanged) -> None:
    values.inputs |= event.inputs


def completed(values: RunValues, event: e.StepCompleted) -> None:
    if event.values:
        values.steps[event.step] = {**values.steps.get(event.step, {}), **event.values}


def saved(values: RunValues, event: e.StepValuesSaved) -> None:
    if event.values:
        values.steps[event.step] = {**values.steps.get(event.step, {}), **event.values}
    if event.replaced:
        values.notes[event.step] = {**values.notes.get(event.step, {}), **event.replaced}


def migrated(values: RunValues, event: e.RunMigrated) -> None:
    values.hidden = named_in(event.plan, "hidden")


def attached(values: RunValues, event: e.AttachmentAdded) -> None:
    values.attachments[str(event.attachment)] = {
        "attachment": str(event.attachment),
        "step": event.step,
        "name": event.name,
        "media_type": event.media_type,
        "size_bytes": event.size_bytes,
        "sha256": event.sha256,
        "by": event.by,
        "at": event.at.isoformat(),
    }


def detached(values: RunValues, event: e.AttachmentRemoved) -> None:
    values.attachments.pop(str(event.attachment), None)
