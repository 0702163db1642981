"""What sort of value a field or a part of a formula gives, as far as the document tells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from domain.comparing import moment
from domain.document import FormField
from domain.formula import (
    Cell,
    Concat,
    Count,
    DaysBetween,
    Difference,
    If,
    Maximum,
    Minimum,
    Product,
    Ratio,
    Round,
    Rows,
    Sum,
    Value,
)

Sort = Literal["number", "text", "truth", "moment", "list"]
_KINDS: dict[str, Sort] = {
    "number": "number", "money": "number", "yes_no": "truth", "date": "moment", "datetime": "moment",
    "multi_choice": "list", "checklist": "list", "files": "list", "table": "list",
}  # fmt: skip
_DEEPEST = 20
Fields = Mapping[str, FormField]


def sort_of(field: FormField, fields: Fields) -> Sort | None:
    """What a field holds; None of a computed one where that depends. ``fields`` are all by path."""
    return _of_field(field, fields, _DEEPEST)


def sort_of_part(part: Any, fields: Fields, table: str | None) -> Sort | None:
    """What a part of a formula gives; ``table`` is the one whose rows it sees."""
    return _of_part(part, fields, table, _DEEPEST)


def _of_field(field: FormField, fields: Fields, deep: int) -> Sort | None:
    if field.kind != "computed":
        return _KINDS.get(field.kind, "text")
    return _of_part(field.formula, fields, None, deep - 1)


def _of_part(  # noqa: PLR0911 - one for each sort of part
    part: Any, fields: Fields, table: str | None, deep: int
) -> Sort | None:
    if deep <= 0:
        return None
    match part:
        case Sum() | Product() | Difference() | Ratio() | Round() | Count() | DaysBetween():
            return "number"
        case Concat():
            return "text"
        case If():
            branches = [part.then] if part.otherwise is None else [part.then, part.otherwise]
            return _common(_of_part(each, fields, table, deep - 1) for each in branches)
        case Minimum(minimum=parts) | Maximum(maximum=parts):
            return _common(_of_part(each, fields, table, deep - 1) for each in parts)
        case Value(field=path):
            return _of_field(fields[path], fields, deep) if path in fields else None
        case Rows(rows=path, value=value):
            return _of_part(value, fields, path, deep - 1)
        case Cell(cell=key):
            return _of_cell(fields.get(table or ""), key)
        case _:
            return _of_literal(part)


def _of_cell(table: FormField | None, key: str) -> Sort | None:
    columns = () if table is None else table.columns
    return next((_KINDS.get(column.kind, "text") for column in columns if column.key == key), None)


def _of_literal(value: Any) -> Sort | None:
    if isinstance(value, bool):
        return "truth"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, str):
        return "text" if moment(value) is None else "moment"
    return None


def _common(found: Iterable[Sort | None]) -> Sort | None:
    sorts = set(found)
    return sorts.pop() if len(sorts) == 1 else None
