"""What differs between two versions of a process, as far as running runs care: worked out once for a pair."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from dataclasses import field as part
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from domain.definition import Definition
from domain.document import FormField, Step
from domain.run.content import DECISIONS
from domain.words import StepKey

Row = Literal[
    "text", "role", "due", "settings", "kind", "field_added", "field_required", "field_type", "field_removed",
    "step_added", "step_removed", "step_returned", "content", "dependency", "dependency_removed", "condition",
    "stage_moved", "input", "run",
]  # fmt: skip
"""The rows of the table of changes; the first word of every finding."""

_TEXTS = frozenset({"title", "instructions"})
_SHOWN = frozenset({"shows", "shows_inputs", "texts"})
_ROLES = frozenset({"role", "actor_differs_from"})
_DUES = frozenset({"due", "reminders", "overdue"})
_OWN = frozenset({"key", "kind", "fields", "after", "when", "track"})


class Change(NamedTuple):
    """One difference: its row, the step, the field of it; ``steps`` are those that a dependency came from."""

    row: Row
    step: StepKey
    field: str = ""
    steps: tuple[StepKey, ...] = ()

    @property
    def where(self) -> str:
        """A path of keys: ``kyc`` or ``kyc.result``."""
        return f"{self.step}.{self.field}" if self.field else self.step


@dataclass(frozen=True)
class Difference:
    """Every difference in the order of the new version, then what is gone."""

    old: Definition
    new: Definition
    changes: tuple[Change, ...]
    added: tuple[StepKey, ...]
    removed: tuple[StepKey, ...]
    after: dict[StepKey, tuple[StepKey, ...]]
    """For each added step all that waits for it, however far behind, and that both versions have."""
    earlier: dict[StepKey, tuple[StepKey, ...]]
    """For each added step the other steps of its stage that both versions have."""
    later: dict[StepKey, tuple[StepKey, ...]]
    """For each added step the steps of later stages that both versions have."""
    paths: frozenset[str]
    """Every field of the new version."""
    gone: frozenset[str]
    """Every field of the old version that the new one does not have."""
    plain: dict[tuple[int, str], Any] = part(default_factory=dict, compare=False)
    """Findings that say the same of every run (see domain.migration.findings), made once."""


class _Pair:
    """Two definitions, compared by identity: they are large, and each version is compiled once."""

    def __init__(self, old: Definition, new: Definition) -> None:
        self.old, self.new = old, new

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Pair) and self.old is other.old and self.new is other.new

    def __hash__(self) -> int:
        return hash((id(self.old), id(self.new)))


def difference(old: Definition, new: Definition) -> Difference:
    """What differs from one version to the other; kept for the pairs asked for last."""
    return _differ(_Pair(old, new))


@lru_cache(maxsize=64)
def _differ(pair: _Pair) -> Difference:
    old, new = pair.old, pair.new
    added = tuple(key for key in new.steps if key not in old.steps)
    return Difference(
        old,
        new,
        tuple(_changes(old, new)),
        added,
        tuple(key for key in old.steps if key not in new.steps),
        {key: _waiting(old, new, key) for key in added},
        {key: _of_stage(old, new, key) for key in added},
        {key: _of_later_stages(old, new, key) for key in added},
        _paths(new),
        _paths(old) - _paths(new),
    )


def _paths(version: Definition) -> frozenset[str]:
    inputs = {f"inputs.{field.key}" for field in version.document.inputs}
    return frozenset(
        inputs | {f"{key}.{field.key}" for key, step in version.steps.items() for field in step.fields}
    )


def _changes(old: Definition, new: Definition) -> Iterator[Change]:
    yield from _inputs(old, new)
    for key, step in new.steps.items():
        before = old.steps.get(key)
        if before is None:
            yield Change("step_added", key)
        else:
            yield from _step(key, before, step)
            yield from _graph(key, old, new)
    for key in old.steps:
        if key not in new.steps:
            yield Change("step_removed", key)


def _inputs(old: Definition, new: Definition) -> Iterator[Change]:
    if old.document.inputs != new.document.inputs:
        for change in _fields(StepKey("inputs"), old.document.inputs, new.document.inputs):
            yield Change("input", change.step, change.field)


def _step(key: StepKey, old: Step, new: Step) -> Iterator[Change]:
    if old == new:
        return
    if old.kind != new.kind:
        yield Change("kind", key)
    changed = {name for name in Step.model_fields if getattr(old, name) != getattr(new, name)} - _OWN
    decides = {old.kind, new.kind} <= DECISIONS
    if changed & (_TEXTS if decides else _TEXTS | _SHOWN):
        yield Change("text", key)
    if decides and (changed & _SHOWN or _covers(old) != _covers(new)):
        yield Change("content", key)
    if changed & _ROLES:
        yield Change("role", key)
    if changed & _DUES:
        yield Change("due", key)
    if changed - _TEXTS - _SHOWN - _ROLES - _DUES - _covering(old, new):
        yield Change("settings", key)
    if old.when != new.when:
        yield Change("condition", key)
    yield from _fields(key, old.fields, new.fields)


def _covers(step: Step) -> frozenset[StepKey]:
    return frozenset(step.approval.covers if step.approval else ())


def _covering(old: Step, new: Step) -> frozenset[str]:
    """The approval where only what it covers differs: that is another row."""
    before, after = (step.approval and step.approval.model_copy(update={"covers": ()}) for step in (old, new))
    return frozenset({"approval"} if before == after and before is not None else ())


def _fields(key: StepKey, old: Sequence[FormField], new: Sequence[FormField]) -> Iterator[Change]:
    known = {field.key: field for field in old}
    for field in new:
        before = known.get(field.key)
        if before is None:
            yield Change("field_required" if _asks(field) else "field_added", key, field.key)
            continue
        if form(before) != form(field):
            yield Change("field_type", key, field.key)
        if _asks(field) and not _asks(before):
            yield Change("field_required", key, field.key)
        if _words(before) != _words(field):
            yield Change("text", key, field.key)
    kept = {field.key for field in new}
    for field in old:
        if field.key not in kept:
            yield Change("field_removed", key, field.key)


def _asks(field: FormField) -> bool:
    return field.required and field.kind != "computed"


def form(field: FormField) -> tuple[object, ...]:
    """What decides which values a field accepts."""
    return field.kind, field.choices, field.minimum, field.maximum, field.not_before, field.columns


def _words(field: FormField) -> tuple[object, ...]:
    return field.title, field.help, field.unit, field.sensitive, field.personal


def _graph(key: StepKey, old: Definition, new: Definition) -> Iterator[Change]:
    before, after = old.dependencies[key], new.dependencies[key]
    if before != after:
        if more := tuple(other for other in new.steps if other in after - before):
            yield Change("dependency", key, steps=more)
        if fewer := tuple(other for other in old.steps if other in before - after):
            yield Change("dependency_removed", key, steps=fewer)
    if old.stage_of[key] != new.stage_of[key]:
        yield Change("stage_moved", key)


def _waiting(old: Definition, new: Definition, key: StepKey) -> tuple[StepKey, ...]:
    queue, seen = deque(new.dependents[key]), {key}
    while queue:
        other = queue.popleft()
        if other not in seen:
            seen.add(other)
            queue.extend(new.dependents[other])
    return tuple(other for other in new.steps if other in seen and other in old.steps)


def _of_stage(old: Definition, new: Definition, key: StepKey) -> tuple[StepKey, ...]:
    return tuple(other for other in new.steps_of[new.stage_of[key]] if other in old.steps)


def _of_later_stages(old: Definition, new: Definition, key: StepKey) -> tuple[StepKey, ...]:
    order = list(new.stages)
    following = order[order.index(new.stage_of[key]) + 1 :]
    return tuple(other for stage in following for other in new.steps_of[stage] if other in old.steps)
