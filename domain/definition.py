"""A published process version made ready for decisions: the graph of its steps, compiled once and cached."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from domain.condition import fields_of
from domain.document import (
    Anchor,
    AnchorField,
    AnchorStageEntered,
    AnchorStepDone,
    AnchorStepReady,
    Document,
    FormField,
    Reopens,
    Requires,
    Role,
    Stage,
    Step,
)
from domain.guest_walk import address_fields
from domain.words import RoleKey, StageKey, StepKey, full_path


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
    def address_fields(self) -> dict[RoleKey, str]:
        """For each role the path of the field that holds its guest's address, where the document names one."""
        return address_fields(self.document.roles, self.steps, self.dependents)

    @cached_property
    def stage_of(self) -> dict[StepKey, StageKey]:
        """The stage of each step."""
        return {
            StepKey(step.key): StageKey(stage.key) for stage in self.document.stages for step in stage.steps
        }

    @cached_property
    def dependencies(self) -> dict[StepKey, frozenset[StepKey]]:
        """For each step all steps it waits for: its ``after``, what its approval is about, the gates that block it."""
        waits = {key: set(after) for key, after in self._after().items()}
        for key, step in self.steps.items():
            waits[key] |= _judged(step)
            for blocked in self._blocked_by(step):
                waits[blocked].add(key)
        return {key: frozenset(after) for key, after in waits.items()}

    def asked_with_refusal(self, step: str) -> dict[str, FormField]:
        """The fields by path that want a new value together with a refusal of this approval."""
        known = self.steps[StepKey(step)]
        refusal = known.approval.on_refusal if known.approval else None
        named = refusal.requires if isinstance(refusal, Requires) else ()
        return {
            path: self.fields[path]
            for path in (full_path(name, step) for name in named)
            if path in self.fields
        }

    @cached_property
    def approvals(self) -> dict[StepKey, Step]:
        """Every approval by key."""
        return {key: step for key, step in self.steps.items() if step.kind == "approval"}

    @cached_property
    def judges(self) -> dict[StepKey, tuple[StepKey, ...]]:
        """For each step the approvals that are about it: those that cover it, or that follow it and cover nothing."""
        found: dict[StepKey, list[StepKey]] = {}
        for approval, step in self.approvals.items():
            for key in (step.approval.covers if step.approval else ()) or self.dependencies[approval]:
                found.setdefault(StepKey(key), []).append(approval)
        return {key: tuple(approvals) for key, approvals in found.items()}

    def differs_from(self, step: str) -> tuple[StepKey, ...]:
        """The steps that want another actor than this one had."""
        return self._differing.get(StepKey(step), ())

    @cached_property
    def _differing(self) -> dict[StepKey, tuple[StepKey, ...]]:
        found: dict[StepKey, list[StepKey]] = {}
        for key, step in self.steps.items():
            for other in step.actor_differs_from:
                found.setdefault(other, []).append(key)
        return {key: tuple(keys) for key, keys in found.items()}

    @cached_property
    def dependents(self) -> dict[StepKey, tuple[StepKey, ...]]:
        """For each step the steps that wait for it directly, in document order."""
        found: dict[StepKey, list[StepKey]] = {key: [] for key in self.steps}
        for key in self.steps:
            for dependency in self.dependencies[key]:
                found[dependency].append(key)
        return {key: tuple(keys) for key, keys in found.items()}

    @cached_property
    def order(self) -> tuple[StepKey, ...]:
        """All steps, each after those it waits for; what waits for itself (no published process does) comes last."""
        left = {key: len(waits) for key, waits in self.dependencies.items()}
        found = [key for key, count in left.items() if not count]
        for key in found:  # grows while it is walked through
            for other in self.dependents[key]:
                left[other] -= 1
                if not left[other]:
                    found.append(other)
        known = set(found)
        return (*found, *(key for key in self.steps if key not in known))

    @cached_property
    def places(self) -> dict[StepKey, int]:
        """Where each step is in ``order``."""
        return {key: place for place, key in enumerate(self.order)}

    def behind(self, step: StepKey) -> list[StepKey]:
        """All steps that wait for this one, over others too, each after those it waits for."""
        reached, found = {step}, []
        for key in self.order[self.places[step] + 1 :]:
            if not reached.isdisjoint(self.dependencies[key]):
                reached.add(key)
                found.append(key)
        return found

    @cached_property
    def read_by(self) -> dict[str, tuple[StepKey, ...]]:
        """For each field path the steps whose condition looks at it."""
        found: dict[str, list[StepKey]] = {}
        for key, step in self.steps.items():
            for path in fields_of(step.when):
                found.setdefault(path, []).append(key)
        return {path: tuple(keys) for path, keys in found.items()}

    @cached_property
    def needed(self) -> tuple[StepKey, ...]:
        """The steps that must have ended well before a run is complete, last first (the last ends last)."""
        named = [key for key, step in self.steps.items() if step.required or step.closes_run]
        return tuple(reversed(named or list(self.steps)))

    @cached_property
    def closing(self) -> tuple[StepKey, ...]:
        """The steps whose outcome is the outcome of the run."""
        return tuple(key for key, step in self.steps.items() if step.closes_run)

    @cached_property
    def anchored(self) -> dict[str, tuple[StepKey, ...]]:
        """For each anchor (see ``anchor_name``) the steps whose due, or whose wait's end, is counted from it."""
        found: dict[str, dict[StepKey, None]] = {}
        for key, step in self.steps.items():
            for rule in (step.due, step.wait.until if step.wait else None):
                if rule is not None:
                    found.setdefault(anchor_name(rule.anchor), {})[key] = None
        return {name: tuple(keys) for name, keys in found.items()}

    @cached_property
    def sets_roles(self) -> dict[StepKey, tuple[tuple[str, RoleKey], ...]]:
        """For each step the fields that fill a role of the run."""
        found = {
            key: tuple((field.key, RoleKey(field.sets_role)) for field in step.fields if field.sets_role)
            for key, step in self.steps.items()
        }
        return {key: pairs for key, pairs in found.items() if pairs}

    @cached_property
    def sets_inputs(self) -> dict[StepKey, tuple[tuple[str, str], ...]]:
        """For each step the fields that give an input of the run its value."""
        found = {
            key: tuple((field.key, field.sets_input) for field in step.fields if field.sets_input)
            for key, step in self.steps.items()
        }
        return {key: pairs for key, pairs in found.items() if pairs}

    @cached_property
    def computed(self) -> dict[str, tuple[FormField, ...]]:
        """For each step, and for ``inputs``, the fields that are computed."""
        owners: dict[str, tuple[FormField, ...]] = {key: step.fields for key, step in self.steps.items()}
        owners["inputs"] = self.document.inputs
        found = {
            owner: tuple(field for field in fields if field.kind == "computed")
            for owner, fields in owners.items()
        }
        return {owner: fields for owner, fields in found.items() if fields}

    @cached_property
    def fields(self) -> dict[str, FormField]:
        """Every field by its path: ``inputs.plan``, ``kyc.result``."""
        found = {f"inputs.{field.key}": field for field in self.document.inputs}
        for key, step in self.steps.items():
            found.update({f"{key}.{field.key}": field for field in step.fields})
        return found

    @cached_property
    def fields_of(self) -> dict[str, tuple[str, ...]]:
        """The paths of the fields of each step, and of ``inputs``."""
        found: dict[str, list[str]] = {}
        for path in self.fields:
            found.setdefault(path.partition(".")[0], []).append(path)
        return {owner: tuple(paths) for owner, paths in found.items()}

    def is_behind(self, step: StepKey, other: StepKey) -> bool:
        """Whether ``step`` waits for ``other``, over others too."""
        return bool(self._before[step] >> self.places[other] & 1)

    @cached_property
    def _before(self) -> dict[StepKey, int]:
        """For each step, as bits by place, all steps that it waits for, over others too."""
        found: dict[StepKey, int] = {}
        for key in self.order:
            bits = 0
            for other in self.dependencies[key]:
                bits |= found.get(other, 0) | 1 << self.places[other]
            found[key] = bits
        return found

    @cached_property
    def steps_of(self) -> dict[StageKey, tuple[StepKey, ...]]:
        """The steps of each stage, in document order."""
        return {
            StageKey(stage.key): tuple(StepKey(step.key) for step in stage.steps)
            for stage in self.document.stages
        }

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


def anchor_name(anchor: Anchor) -> str:
    """What an anchor is called in the cause of a due: ``run_start``, ``inputs.go_live``, ``step_done:kickoff``."""
    match anchor:
        case AnchorField(field=path):
            return path
        case AnchorStepReady(step_ready=step):
            return f"step_ready:{step}"
        case AnchorStepDone(step_done=step):
            return f"step_done:{step}"
        case AnchorStageEntered(stage_entered=stage):
            return f"stage_entered:{stage}"
        case named:
            return named


def _judged(step: Step) -> set[StepKey]:
    """An approval waits for all that it covers and for all that a refusal would reopen."""
    if step.approval is None:
        return set()
    refusal = step.approval.on_refusal
    return {*step.approval.covers, *(refusal.reopens if isinstance(refusal, Reopens) else ())}
