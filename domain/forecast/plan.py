"""The steps of a process version in the order in which time flows through them, and what its author expects of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from functools import cached_property
from typing import Any, Literal

from domain.condition import All, Anyone, Condition, Not, fields_of, holds
from domain.definition import Definition
from domain.document import AUTOMATIC, AnchorStepDone, AnchorStepReady, Due, Offset, Reopens, Step
from domain.words import StepKey

Source = Literal["estimate", "due", "stage", "automatic", "nothing"]
AUTOMATIC_SECONDS = 60.0


@dataclass(frozen=True)
class Plan:
    """One process version, prepared for simulation."""

    definition: Definition

    @cached_property
    def order(self) -> tuple[StepKey, ...]:
        """Every step after all that it waits for; document order where the graph leaves it open."""
        done: dict[StepKey, None] = {}
        for key in self.definition.steps:
            self._visit(key, done)
        return tuple(done)

    def _visit(self, key: StepKey, done: dict[StepKey, None]) -> None:
        stack = [key]
        while stack:
            top = stack[-1]
            waits = [
                each for each in self.definition.dependencies[top] if each not in done and each not in stack
            ]
            if waits:
                stack += waits[:1]
            else:
                done[stack.pop()] = None

    @cached_property
    def redone(self) -> dict[StepKey, tuple[StepKey, ...]]:
        """For each approval the steps that a refusal has done again, in order."""
        place = {key: number for number, key in enumerate(self.order)}
        found: dict[StepKey, tuple[StepKey, ...]] = {}
        for key, step in self.definition.steps.items():
            if step.approval is None:
                continue
            refusal = step.approval.on_refusal
            again = (
                refusal.reopens if isinstance(refusal, Reopens) else () if refusal else step.approval.covers
            )
            found[key] = tuple(sorted(map(StepKey, again), key=place.__getitem__))
        return found

    def author(self, key: StepKey, day_seconds: float) -> tuple[float, Source]:
        """The working seconds that the author expects from ready to done, and where that comes from."""
        step = self.definition.steps[key]
        if step.estimate_hours is not None:
            return step.estimate_hours * 3600, "estimate"
        if step.due is not None and _own(step.due, key, self.definition.dependencies[key]):
            return max(0.5 * day_seconds, working_seconds(step.due, day_seconds)), "due"
        if step.kind in AUTOMATIC and step.kind != "wait":
            return AUTOMATIC_SECONDS, "automatic"
        return self._by_stage(key, day_seconds)

    def _by_stage(self, key: StepKey, day_seconds: float) -> tuple[float, Source]:
        stage = self.definition.stages[self.definition.stage_of[key]]
        if stage.target_days is None:
            return day_seconds, "nothing"
        manual = [step for step in stage.steps if step.required and step.kind not in AUTOMATIC]
        return stage.target_days * day_seconds / max(1, len(manual)), "stage"


def not_before(step: Step) -> Due | None:
    """The rule before whose instant the step cannot end: a wait for a moment, an automatic step that is due later."""
    if step.kind == "wait":
        return step.wait.until if step.wait is not None and step.wait.event is None else None
    return step.due if step.kind in AUTOMATIC else None


def working_seconds(offset: Offset, day_seconds: float) -> float:
    """About how much working time an offset is: five of seven calendar days are worked."""
    match offset.unit:
        case "business_days":
            return offset.offset * day_seconds
        case "calendar_days":
            return offset.offset * day_seconds * 5 / 7
        case "hours":
            return min(offset.offset * 3600.0, max(1.0, offset.offset / 24) * day_seconds)


def answer(
    condition: Condition | None, values: Mapping[str, Any], known: Mapping[str, bool], zone: tzinfo
) -> bool | None:
    """Whether a condition holds; None while that depends on a field of which ``known`` says that it may yet change."""
    match condition:
        case None:
            return True
        case All(all=parts):
            found = [answer(part, values, known, zone) for part in parts]
            return False if False in found else None if None in found else True
        case Anyone(any=parts):
            found = [answer(part, values, known, zone) for part in parts]
            return True if True in found else None if None in found else False
        case Not(not_=part):
            told = answer(part, values, known, zone)
            return None if told is None else not told
        case _:
            settled = all(known.get(path, False) for path in fields_of(condition))
            return holds(condition, values, zone) if settled else None


def _own(due: Due, key: StepKey, waits: frozenset[StepKey]) -> bool:
    """Whether the due is counted from when the step can be worked on: then it says how long the step may take."""
    match due.anchor:
        case AnchorStepReady(step_ready=anchor):
            return anchor == key
        case AnchorStepDone(step_done=anchor):
            return anchor in waits
        case _:
            return False
