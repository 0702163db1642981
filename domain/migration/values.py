"""The values of a step under way, in the form that the fields of another version have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from domain.comparing import is_set, same
from domain.document import FormField, Step
from domain.migration.conversion import converted
from domain.migration.difference import form
from domain.migration.findings import column_of
from domain.run.state import StepState
from domain.run.values import problems
from domain.words import Values


def carried(now: StepState, old: Step, new: Step, values: Mapping[str, Any]) -> tuple[Values, Values]:
    """The values that change with the version, and what each of them was before; nothing of a step that is done."""
    if column_of(now) == "done":
        return {}, {}
    known = {field.key: field for field in old.fields}
    changed: Values = {}
    replaced: Values = {}
    for field in new.fields:
        value = now.draft.get(field.key, values.get(f"{new.key}.{field.key}"))
        before = known.get(field.key)
        turned = _returned(field, value) if before is None else _restored(now, before, field, value)
        if not same(turned, value) or (turned is None) != (value is None):
            changed[field.key] = turned
            replaced[field.key] = value
    return changed, replaced


def _restored(now: StepState, old: FormField, new: FormField, value: Any) -> Any:
    """The value in its new form: what it was before, where that form is back and nobody has changed it since."""
    if form(old) == form(new):
        return value
    note = now.notes.get(new.key)
    if (
        is_set(note)
        and not problems((new,), {new.key: note})
        and same(converted(new, old, note).value, value)
    ):
        return note
    return converted(old, new, value).value


def _returned(new: FormField, value: Any) -> Any:
    """A field that is there again shows what it had, when it still can."""
    return value if not is_set(value) or not problems((new,), {new.key: value}) else None
