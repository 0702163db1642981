"""What a document names and where: a tolerant index for lint, also of a document that is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from domain.document import Document, Email, EndsRun, FormField, Reopens, Step

Path = tuple[str | int, ...]
"""Where something stands in a document: keys and places, from the top."""

PLACEHOLDER = re.compile(r"\{([^{}\n]*)\}")
FACTS = ("run.id", "run.name", "run.url", "step.title", "due", "guest_link")
"""What the templates of mails and calls can name beside fields and roles."""
_MOST_ACCEPTED = 60


@dataclass(frozen=True)
class Finding:
    """One problem: where, its stable code, what is wrong for people, and what would be accepted there."""

    path: Path
    code: str
    message: str
    accepted: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The finding as JSON."""
        where = ".".join(str(part) for part in self.path)
        return {"path": where, "code": self.code, "message": self.message, "accepted": list(self.accepted)}


Findings = Iterator[Finding]

INSTEAD: dict[str, tuple[str, ...]] = {
    "bad_range": ("a minimum that is not above the maximum",),
    "condition_set_later": ("a field of a step that this one waits for",),
    "covers_later": ("a step that comes before",),
    "dependency_cycle": ("after, without one of these steps",),
    "duplicate_key": ("a key of its own",),
    "formula_set_later": ("a field above, of the same form, or of a step that comes before",),
    "not_a_date": ("a field of kind date or datetime",),
    "not_a_table": ("a field of kind table",),
    "output_without_field": ("a field of the step",),
    "role_cycle": ("a role whose manager_of leads elsewhere",),
    "unknown_field": ("a field that the document has",),
    "unknown_placeholder": ("text without it",),
    "unknown_role": ("a role that the document has",),
    "unreachable_step": ("after, with steps that can become ready",),
}
"""What would be accepted where a finding can name nothing that is there."""


class Placed(NamedTuple):
    """A step and where it stands."""

    step: Step
    path: Path
    place: int


@dataclass(frozen=True)
class Outline:
    """A document's steps, roles and fields by key; where a key is used twice the first counts."""

    document: Document

    @cached_property
    def all_steps(self) -> tuple[Placed, ...]:
        """Every step in document order, doubles included."""
        found: list[Placed] = []
        for number, stage in enumerate(self.document.stages):
            for place, step in enumerate(stage.steps):
                found.append(Placed(step, ("stages", number, "steps", place), len(found)))
        return tuple(found)

    @cached_property
    def steps(self) -> Mapping[str, Placed]:
        """Every step by key, in document order."""
        found: dict[str, Placed] = {}
        for placed in self.all_steps:
            found.setdefault(placed.step.key, placed)
        return found

    @cached_property
    def stages(self) -> Mapping[str, tuple[str, ...]]:
        """The keys of the steps of each stage."""
        found: dict[str, tuple[str, ...]] = {}
        for stage in self.document.stages:
            found.setdefault(stage.key, tuple(step.key for step in stage.steps))
        return found

    @cached_property
    def roles(self) -> frozenset[str]:
        """The keys of the roles."""
        return frozenset(role.key for role in self.document.roles)

    @cached_property
    def inputs(self) -> Mapping[str, FormField]:
        """The fields of the kick-off form by key."""
        return {field.key: field for field in self.document.inputs}

    @cached_property
    def fields(self) -> Mapping[str, FormField]:
        """Every field by its path: ``inputs.plan``, ``kickoff_booked.kickoff_date``."""
        found = {f"inputs.{key}": field for key, field in self.inputs.items()}
        for key, placed in self.steps.items():
            found.update({f"{key}.{field.key}": field for field in placed.step.fields})
        return found

    @cached_property
    def waits_for(self) -> Mapping[str, frozenset[str]]:
        """For each step the known steps that it waits for directly: dependencies, what it judges, gates."""
        found = {key: set(self._after[key]) | _judged(placed.step) for key, placed in self.steps.items()}
        for key, placed in self.steps.items():
            for blocked in self._blocked(placed):
                if blocked in found:
                    found[blocked].add(key)
        return {key: frozenset(keys & self.steps.keys()) for key, keys in found.items()}

    @cached_property
    def behind(self) -> Mapping[str, Sequence[str]]:
        """For each step those that wait for it directly, in document order."""
        found: dict[str, list[str]] = {key: [] for key in self.waits_for}
        for key, keys in self.waits_for.items():
            for other in keys:
                found[other].append(key)
        return found

    @cached_property
    def order(self) -> tuple[str, ...]:
        """The steps that can become ready, each after all that it waits for; steps on or behind a cycle are missing."""
        left = {key: set(keys) for key, keys in self.waits_for.items()}
        found = [key for key, keys in left.items() if not keys]
        for key in found:  # grows while it is walked through
            for other in self.behind[key]:
                left[other].discard(key)
                if not left[other]:
                    found.append(other)
        return tuple(found)

    @cached_property
    def before(self) -> Mapping[str, int]:
        """For each step, as bits by document order, all steps that have ended before it can be ready."""
        found: dict[str, int] = {}
        for key in self.order:
            bits = 0
            for other in self.waits_for[key]:
                bits |= found[other] | 1 << self.steps[other].place
            found[key] = bits
        return found

    def is_before(self, step: str, other: str) -> bool:
        """Whether ``step`` has always ended before ``other`` becomes ready."""
        return bool(self.before.get(other, 0) >> self.steps[step].place & 1)

    @cached_property
    def _after(self) -> Mapping[str, frozenset[str]]:
        last: dict[str | None, str] = {}
        found: dict[str, frozenset[str]] = {}
        for key, placed in self.steps.items():
            match placed.step.after:
                case None:
                    found[key] = frozenset({last[placed.step.track]} if placed.step.track in last else ())
                case "everything_before":
                    found[key] = frozenset(found)
                case named:
                    found[key] = frozenset(named)
            last[placed.step.track] = key
        return found

    def _blocked(self, placed: Placed) -> Iterator[str]:
        if placed.step.gate is None:
            return
        if placed.step.gate.blocks != "following_stages":
            yield from placed.step.gate.blocks
            return
        following = self.document.stages[int(placed.path[1]) + 1 :]
        yield from (step.key for stage in following for step in stage.steps)


def _judged(step: Step) -> set[str]:
    if step.approval is None:
        return set()
    refusal = step.approval.on_refusal
    return {*step.approval.covers, *(refusal.reopens if isinstance(refusal, Reopens) else ())}


def mails_of(step: Step, path: Path) -> Iterator[tuple[Path, Email]]:
    """Every mail that a step has, with its place: its own, and those that tell why it ended the run."""
    refusal = step.approval.on_refusal if step.approval is not None else None
    decline = step.signature.on_decline if step.signature is not None else None
    if step.email is not None:
        yield (*path, "email"), step.email
    for place, ends in ((("approval", "on_refusal"), refusal), (("signature", "on_decline"), decline)):
        if isinstance(ends, EndsRun) and ends.email is not None:
            yield (*path, *place, "email"), ends.email


def placeholders(text: str) -> list[str]:
    """What stands between braces in a template."""
    return PLACEHOLDER.findall(text)


def near(outline: Outline, path: str) -> tuple[str, ...]:
    """The fields of the same owner where there is such an owner, else all."""
    owner = path.partition(".")[0] + "."
    return some([name for name in outline.fields if name.startswith(owner)] or outline.fields)


def some(names: Iterable[str]) -> tuple[str, ...]:
    """The first of the names: enough for a message."""
    return tuple(names)[:_MOST_ACCEPTED]
