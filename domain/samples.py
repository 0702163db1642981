"""A made-up run of a process, for looking at its mails before any real one is sent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from domain.definition import Definition
from domain.document import Column, FormField
from domain.run.start import run_name
from domain.run.state import Run, StepState
from domain.words import Assignee, RoleKey, StepKey


def sample_run(
    definition: Definition,
    step: StepKey | None,
    values: Mapping[str, Any],
    roles: Mapping[RoleKey, Assignee],
    at: datetime,
) -> Run:
    """A run whose fields have the values given (by path), and samples where none is; ``step`` is open and due."""
    document = definition.document
    filled = {f"inputs.{field.key}": sample(field, at) for field in document.inputs}
    for each in document.steps:
        filled |= {f"{each.key}.{field.key}": sample(field, at) for field in each.fields}
    filled |= dict(values)
    inputs = {path[7:]: value for path, value in filled.items() if path.startswith("inputs.")}
    cast = {key: Assignee(f"guest:{key}" if role.guest else f"person:{key}@example.com")
            for key, role in definition.roles.items() if not role.system}  # fmt: skip
    known = definition.steps.get(step) if step is not None else None
    whose = (cast | dict(roles)).get(known.role) if known is not None and known.role is not None else None
    now = StepState(state="ready", ready_at=at, due_at=at + timedelta(days=1), assignee=whose)
    return Run(
        name=run_name(definition, inputs),
        process=definition.process,
        process_version=definition.version,
        started_at=at,
        inputs=inputs,
        values=filled,
        roles={**cast, **roles},
        steps={} if step is None else {step: now},
    )


def sample(field: FormField | Column, at: datetime) -> Any:
    """A value that the field would take; its title where it takes any text."""
    match field.kind:
        case "choice" if field.choices:
            return field.choices[0]
        case "multi_choice" | "checklist" if field.choices:
            return list(field.choices[:2])
        case "table" if isinstance(field, FormField):
            return [{column.key: sample(column, at) for column in field.columns}]
        case "person":
            return f"person:{field.key}@example.com"
        case "date" if getattr(field, "not_before", None) is not None:
            return (at + timedelta(days=1)).date().isoformat()  # east of here it may be tomorrow
        case kind:
            return _SAMPLES[kind](at) if kind in _SAMPLES else f"[{field.title}]"


_SAMPLES: dict[str, Any] = {
    "number": lambda _at: 12,
    "money": lambda _at: 12_500,
    "date": lambda at: at.date().isoformat(),
    "datetime": lambda at: at.isoformat(),
    "yes_no": lambda _at: True,
    "email": lambda _at: "ada@example.com",
    "phone": lambda _at: "+49 30 1234567",
    "url": lambda _at: "https://example.com",
    "files": lambda _at: [{"name": "example.pdf", "size": 1, "type": "application/pdf", "sha256": "0" * 64}],
}
