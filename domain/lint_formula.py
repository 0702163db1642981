"""The rules of lint about computed fields: what a formula reads is there, is known by then, and stays masked."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel

from domain.document import FormField
from domain.formula import NUMERIC, DaysBetween, Maximum, Minimum, cells, reads, walk
from domain.outline import Finding, Findings, Outline, Path, near, some
from domain.sorts import sort_of_part

_OF_ONE_SORT: tuple[type[BaseModel], ...] = (*NUMERIC, DaysBetween)


def computed_fields(outline: Outline) -> Findings:
    """Every computed field of the document, and every formula that is not one's."""
    yield from _form(outline, "inputs", ("inputs",), outline.document.inputs)
    for step, path, _ in outline.all_steps:
        yield from _form(outline, step.key, (*path, "fields"), step.fields)


def _form(outline: Outline, owner: str, path: Path, fields: Sequence[FormField]) -> Findings:
    for place, field in enumerate(fields):
        at = (*path, place)
        if field.kind != "computed":
            if field.formula is not None:
                message = f"only a computed field has a formula; {field.key!r} is of kind {field.kind}"
                yield Finding((*at, "formula"), "misplaced_details", message, ("computed",))
            continue
        yield from _computed(outline, owner, at, field, [other.key for other in fields[place:]])


def _computed(outline: Outline, owner: str, at: Path, field: FormField, later: list[str]) -> Findings:
    if field.formula is None:
        message = f"the computed field {field.key!r} has no formula"
        yield Finding((*at, "kind"), "missing_details", message, ("formula",))
    for flag in ("required", "sets_role", "sets_input"):
        if getattr(field, flag):
            message = f"nobody gives {field.key!r}, which is computed"
            yield Finding((*at, flag), "misplaced_details", message, ("a field of another kind",))
    for place, name in reads(field.formula):
        below = (*at, "formula", *place)
        yield from _known(outline, owner, below, name, later)
        source = outline.fields.get(name)
        if source is not None and source.sensitive and not field.sensitive:
            message = f"{name!r} is sensitive, so what is computed from it has to be"
            yield Finding(below, "sensitive_source", message, ("sensitive: true on the computed field",))
    yield from _cells(outline, (*at, "formula"), field)
    yield from _sorts(outline, (*at, "formula"), field)


def _known(outline: Outline, owner: str, path: Path, name: str, later: list[str]) -> Findings:
    """The field is there, and has its value when the formula is worked out."""
    if name not in outline.fields:
        yield Finding(path, "unknown_field", f"there is no field {name!r}", near(outline, name))
        return
    source, _, key = name.partition(".")
    if source == owner:
        if key in later and outline.fields[name].kind == "computed":
            message = f"{name!r} is computed later; a formula reads computed fields above its own"
            yield Finding(path, "formula_set_later", message)
    elif source != "inputs" and (
        owner == "inputs" or (owner in outline.before and not outline.is_before(source, owner))
    ):
        accepted = [each for each in outline.fields if each.partition(".")[0] in ("inputs", owner)]
        message = f"{name!r} is set later: {owner!r} does not wait for {source!r}"
        yield Finding(path, "formula_set_later", message, some(accepted))


def _cells(outline: Outline, path: Path, field: FormField) -> Findings:
    for place, table, key in cells(field.formula):
        if table is None:
            message = f"there is no row here whose column {key!r} could be read"
            yield Finding((*path, *place), "cell_without_rows", message, ("rows: a table, value: …",))
        elif table in outline.fields:
            columns = [column.key for column in outline.fields[table].columns]
            if key not in columns:
                message = f"{table!r} has no column {key!r}"
                yield Finding((*path, *place), "unknown_field", message, some(columns))
    for place, name in reads(field.formula):
        kind = outline.fields[name].kind if name in outline.fields else "table"
        if place[-1] == "rows" and kind != "table":
            tables = [each for each, known in outline.fields.items() if known.kind == "table"]
            yield Finding((*path, *place), "not_a_table", f"{name!r} is of kind {kind}", some(tables))


def _sorts(outline: Outline, path: Path, field: FormField) -> Findings:
    """What is no number is left out where numbers are taken together: most often it is the path of a field."""
    for place, part, table in walk(field.formula):
        if not isinstance(part, _OF_ONE_SORT):
            continue
        name = next(iter(type(part).model_fields))
        given = getattr(part, name)
        parts = given if isinstance(given, tuple) else (given,)
        sorts = [sort_of_part(one, outline.fields, table) for one in parts]
        wanted = _wanted(part, sorts)
        for number, (one, sort) in enumerate(zip(parts, sorts, strict=True)):
            if sort not in (None, "list", wanted):
                at = (*path, *place, name, number) if isinstance(given, tuple) else (*path, *place, name)
                yield _wrong(at, one, wanted)


def _wanted(part: object, sorts: Sequence[str | None]) -> str:
    """Days are between moments, and the least or greatest of moments is one of them; all else is of numbers."""
    moments = isinstance(part, (Minimum, Maximum)) and "moment" in sorts and "number" not in sorts
    return "moment" if moments or isinstance(part, DaysBetween) else "number"


def _wrong(at: Path, one: object, wanted: str) -> Finding:
    named = getattr(one, "field", None) or getattr(one, "cell", None)
    shown = repr(named or one)[:80] if named or isinstance(one, (str, bool, int, float)) else "this"
    if wanted == "moment":
        return Finding(at, "not_a_date", f"{shown} is not a date", ("a field of kind date or datetime",))
    accepted = (f"field: {one}", "a number") if isinstance(one, (str, bool)) else ("a number",)
    return Finding(at, "not_a_number", f"{shown} is not a number", accepted)
