"""The process document of an imported log: one step per activity, stages from the --stages file."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.document import Document, FormField, Stage, Step
from domain.words import StepKey
from interchange.bad_log import BadLog
from interchange.logs.mapping import StageMap

_LIMIT = 60


def key_of(name: str, taken: Iterable[str] = ()) -> str:
    """A step or field key for a name of the log: its letters and digits in ASCII, numbered when taken."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    key = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:_LIMIT]
    key = key if key[:1].isalpha() else f"a_{key}".strip("_")
    used, number, free = set(taken), 2, key
    while free in used:
        free, number = f"{key}_{number}", number + 1
    return free


IMPORTED = "Imported history: what happened, as the log recorded it."
"""The description of a document that an import made."""


@dataclass(frozen=True)
class Known:
    """The keys that an earlier import of the process gave to names: a name keeps its key for ever."""

    activities: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, document: Document | None) -> Known:
        """Those of a document that an import made; none of any other."""
        if document is None or document.description != IMPORTED:
            return cls()
        steps = {step.title: str(step.key) for step in document.steps}
        return cls(steps, {one.title: str(one.key) for one in document.inputs})


def keys_of(names: Iterable[str], known: Mapping[str, str]) -> dict[str, str]:
    """One key for each name, in the given order; a name that has one keeps it."""
    keys: dict[str, str] = {}
    for name in names:
        keys[name] = known.get(name) or key_of(name, (*known.values(), *keys.values()))
    return keys


class Layout:
    """Which activity is which step in which stage, and which attribute is which field."""

    def __init__(
        self,
        mapping: StageMap,
        activities: Iterable[str],
        attributes: Iterable[str],
        known: Known = Known(),
    ) -> None:
        """``activities`` and ``attributes`` are the names found in the file; ``known`` are those of earlier files."""
        self.mapping = mapping
        self.activities = sorted({*activities, *known.activities})
        self._check(set(self.activities))
        ordered = keys_of(self._ordered(), known.activities)
        self.step_of = {name: StepKey(key) for name, key in ordered.items()}
        prefix = mapping.columns.case_prefix
        names = {*attributes, *known.attributes}
        self.input_of = keys_of(
            sorted(names, key=lambda name: (name.removeprefix(prefix), name)), known.attributes
        )

    def document(self, process: str) -> Document:
        """The document: marker steps are required, every other step may happen any number of times or not at all."""
        mapping = self.mapping
        stages = [self._stage(key, title, names, marker) for key, title, names, marker in self._staged()]
        columns = mapping.columns
        times = {columns.started_at, columns.ended_at, columns.target_at}
        inputs = [
            FormField(key=key, title=name[:200], kind="datetime" if name in times else "text")
            for name, key in self.input_of.items()
        ]
        target = columns.target_at
        return Document(
            key=process,
            title=mapping.title or process.replace("_", " ").capitalize(),
            description=IMPORTED,
            inputs=tuple(inputs),
            target_from=f"inputs.{self.input_of[target]}" if target in self.input_of else None,
            stages=tuple(stages),
        )

    def _stage(self, key: str, title: str, names: list[str], marker: str | None) -> Stage:
        steps = [
            Step(key=self.step_of[name], title=name[:200], required=name == marker, after=(), outcome=None)
            for name in names
        ]
        return Stage(key=key, title=title, steps=tuple(steps))

    def _ordered(self) -> list[str]:
        return [name for _key, _title, names, _marker in self._staged() for name in names]

    def _staged(self) -> list[tuple[str, str, list[str], str | None]]:
        if not self.mapping.stages:
            return [("all_work", "All work", self.activities, None)]
        named = {name for stage in self.mapping.stages for name in (stage.marker, *stage.activities)}
        rest = [name for name in self.activities if name not in named]
        return [
            (
                stage.key,
                stage.title,
                [stage.marker, *stage.activities, *(rest if stage.key == self.mapping.unlisted else [])],
                stage.marker,
            )
            for stage in self.mapping.stages
        ]

    def _check(self, found: set[str]) -> None:
        stages = self.mapping.stages
        listed = [name for stage in stages for name in (stage.marker, *stage.activities)]
        twice = sorted({name for name in listed if listed.count(name) > 1})
        absent = sorted({*listed, *(outcome.activity for outcome in self.mapping.outcomes)} - found)
        rest = sorted(found - set(listed)) if stages and self.mapping.unlisted is None else []
        if twice:
            raise BadLog(
                f"activities listed twice in the --stages file: {', '.join(twice)}", accepted="each one once"
            )
        if absent:
            raise BadLog(
                f"activities that the log does not have: {', '.join(absent)}",
                accepted=", ".join(sorted(found)),
            )
        if rest:
            raise BadLog(
                f"activities in no stage: {', '.join(rest)}",
                accepted="list each one, or name their stage as unlisted:",
            )
        keys = [stage.key for stage in stages]
        if self.mapping.unlisted is not None and self.mapping.unlisted not in keys:
            raise BadLog(f"unlisted: names no stage ({self.mapping.unlisted})", accepted=", ".join(keys))


def inputs_of(attributes: dict[str, Any], keys: dict[str, str]) -> dict[str, Any]:
    """The run's inputs from the attributes of a case."""
    return {keys[name]: value for name, value in attributes.items() if name in keys}
