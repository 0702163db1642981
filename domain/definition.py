"""A published process version made ready for decisions: the graph of its steps, compiled once and cached."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from domain.condition import fields_of
from domain.document import Document, Role, Stage, Step
from domain.words import RoleKey, StageKey, StepKey


@dataclass(frozen=True)
class Definition:
    """One version of one process. All lookups are by key; ``order`` is the document order of the step keys."""

    process: str
    version: int
    document: Document

    @classmethod
    def load(cls, process: str, version: int, document: dict[str, Any]) -> Definition:
        """Build from the document as stored in ``process_version_published``."""
        return cls(process, version, Document.model_validate(document))

    @cached_property
    def steps(self) -> dict[StepKey, Step]:
        """Every step by key, in document order."""
        return {StepKey(step.key): step for step in self.document.steps}

    @cached_property
    def stages(self) -> dict[StageKey, Stage]:
        """Every stage by key, in document order."""
        return {StageKey(stage.key): stage for stage in self.document.stages}

    @cached_property
    def roles(self) -> dict[RoleKey, Role]:
        """Every role by key."""
        return {RoleKey(role.key): role for role in self.document.roles}

    @cached_property
    def stage_of(self) -> dict[StepKey, StageKey]:
        """The stage of each step."""
        return {
            StepKey(step.key): StageKey(stage.key) for stage in self.document.stages for step in stage.steps
        }

    @cached_property
    def dependencies(self) -> dict[StepKey, frozenset[StepKey]]:
        """For each step all steps it waits for: its ``after``, plus the gates that block it."""
        waits = {key: set(after) for key, after in self._after().items()}
        for key, step in self.steps.items():
            for blocked in self._blocked_by(step):
                waits[blocked].add(key)
        return {key: frozenset(after) for key, after in waits.items()}

    @cached_property
    def dependents(self) -> dict[StepKey, tuple[StepKey, ...]]:
        """For each step the steps that wait for it directly, in document order."""
        found: dict[StepKey, list[StepKey]] = {key: [] for key in self.steps}
        for key in self.steps:
            for dependency in self.dependencies[key]:
                found[dependency].append(key)
        return {key: tuple(keys) for key, keys in found.items()}

    @cached_property
    def read_by(self) -> dict[str, tuple[StepKey, ...]]:
        """For each field path the steps whose condition looks at it."""
        found: dict[str, list[StepKey]] = {}
        for key, step in self.steps.items():
            for path in fields_of(step.when):
                found.setdefault(path, []).append(key)
        return {path: tuple(keys) for path, keys in found.items()}

    def _after(self) -> dict[StepKey, tuple[StepKey, ...]]:
        last: dict[str | None, StepKey] = {}
        before: list[StepKey] = []
        found: dict[StepKey, tuple[StepKey, ...]] = {}
        for key, step in self.steps.items():
            match step.after:
                case None:
                    found[key] = (last[step.track],) if step.track in last else ()
                case "everything_before":
                    found[key] = tuple(before)
                case named:
                    found[key] = named
            last[step.track] = key
            before.append(key)
        return found

    def _blocked_by(self, step: Step) -> list[StepKey]:
        if step.gate is None:
            return []
        if step.gate.blocks == "following_stages":
            order = list(self.stages)
            following = set(order[order.index(self.stage_of[StepKey(step.key)]) + 1 :])
            return [key for key, stage in self.stage_of.items() if stage in following]
        return [StepKey(key) for key in step.gate.blocks]
