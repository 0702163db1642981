"""What the placeholders of a template stand for in one run: for people (as they read values) and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import tzinfo
from typing import Any
from uuid import UUID

from domain.addresses import AddressBook
from domain.comparing import is_set
from domain.definition import Definition
from domain.document import FormField
from domain.run.state import Run
from domain.shown import shown, when
from domain.visible import Versions, is_sealed
from domain.words import RoleKey, StepKey, full_path

HIDDEN = "•••"
"""Stands for a value that the reader of a rendered text may not see."""


class ForPeople(Mapping[str, Any]):
    """The values of a run as texts for people, by placeholder: fields, inputs, roles, facts of the run and the step.

    ``more`` holds what only the mail knows (a link, a comment) and is shown as it is. The values that are for some only
    under one of the versions ``sealed`` are hidden: sensitive ones, and those of steps that some roles see.
    """

    def __init__(
        self,
        run: Run,
        definition: Definition,
        book: AddressBook,
        zone: tzinfo,
        more: Mapping[str, Any],
        *,
        sealed: Versions = (),
    ) -> None:
        self._run, self._definition, self._book, self._zone = run, definition, book, zone
        self._more, self._sealed = more, sealed

    def __getitem__(self, name: str) -> Any:
        path = full_path(name)
        field = self._definition.fields.get(path)
        if field is not None:
            return self._shown(path, field, self._run.values.get(path))
        if name.startswith("role."):
            return self._player(RoleKey(name[5:]))
        return self._more[name]

    def __iter__(self) -> Iterator[str]:
        yield from self._run.values
        yield from (f"role.{role}" for role in self._definition.roles)
        yield from self._more

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _shown(self, path: str, field: FormField, value: Any) -> str:
        if is_set(value) and is_sealed(path, self._sealed):
            return HIDDEN
        return shown(field, value, self._zone, self._book.name)

    def _player(self, role: RoleKey) -> str:
        """The name of who plays the role; a guest without a name of their own is called as the role is."""
        who = self._run.roles.get(role)
        if who is None:
            return ""
        known = self._definition.roles.get(role)
        if who == f"guest:{role}" and known is not None:
            return known.title
        return self._book.name(who)


def for_programs(run: Run, run_id: UUID, base_url: str) -> dict[str, Any]:
    """The values of a run as they are stored, by placeholder: fields, bare inputs, roles, facts of the run."""
    inputs = {
        path.removeprefix("inputs."): value for path, value in run.values.items() if path[:7] == "inputs."
    }
    roles = {f"role.{role}": who for role, who in run.roles.items()}
    return {**inputs, **run.values, **roles, **facts_of(run, run_id, base_url)}


def facts_of(run: Run, run_id: UUID, base_url: str) -> dict[str, Any]:
    """What every template can say about the run itself."""
    return {"run.id": str(run_id), "run.name": run.name, "run.url": f"{base_url}/runs/{run_id}"}


def step_facts(run: Run, definition: Definition, step: StepKey | None, zone: tzinfo) -> dict[str, Any]:
    """What a template can say about the step that it is about: its title, and when it is due."""
    if step is None or step not in definition.steps:
        return {}
    due = run.step(step).due_at
    return {"step.title": definition.steps[step].title, "due": when(due, zone) if due else ""}
