"""Structured formulas of computed fields and their evaluation: total, exact in decimals, no language to parse."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Annotated, Any, Protocol

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StringConstraints,
    Tag,
)

from domain.condition import Condition, FieldPath, fields_of, holds

LARGEST = 10**15
"""Numbers beyond this have no exact cents any more; what would be larger has no value."""
_EXACT = Context(prec=34, traps=[])
_ColumnKey = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
_Word = Annotated[str, StringConstraints(max_length=200)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Value(_Part):
    """The value of a field."""

    field: FieldPath = Field(description="The field: inputs.plan, or quote.lines.")


class Cell(_Part):
    """The value in a column of the row at hand; only within the ``value`` of rows."""

    cell: _ColumnKey = Field(description="The column of the table.")


class Rows(_Part):
    """One value for each row of a table, for sum, minimum, maximum, count or concat to take together."""

    rows: FieldPath = Field(description="The table field.")
    value: Operand = Field(description="What each row gives, read from its cells.")


class Sum(_Part):
    """All numbers added up; what is not set is left out."""

    sum: tuple[Operand, ...] = Field(min_length=1, max_length=50)


class Product(_Part):
    """All numbers multiplied; without a value while one of them is not set."""

    product: tuple[Operand, ...] = Field(min_length=1, max_length=50)


class Difference(_Part):
    """The first number less the second."""

    difference: tuple[Operand, ...] = Field(min_length=2, max_length=2)


class Ratio(_Part):
    """The first number divided by the second; without a value when the second is 0."""

    ratio: tuple[Operand, ...] = Field(min_length=2, max_length=2)


class Minimum(_Part):
    """The least of the numbers that are set."""

    minimum: tuple[Operand, ...] = Field(min_length=1, max_length=50)


class Maximum(_Part):
    """The greatest of the numbers that are set."""

    maximum: tuple[Operand, ...] = Field(min_length=1, max_length=50)


class Count(_Part):
    """How many entries there are: rows of a table, choices made, entries ticked, files, values of rows that are set."""

    count: Operand


class DaysBetween(_Part):
    """Calendar days from the first date to the second; negative when the second comes first."""

    days_between: tuple[Operand, ...] = Field(min_length=2, max_length=2)


class If(_Part):
    """One of two values, as a condition says."""

    if_: Condition = Field(alias="if", description="A condition, as in the when of a step.")
    then: Operand
    otherwise: Operand | None = Field(
        default=None, description="The value when the condition is false; none if left out."
    )


class Concat(_Part):
    """Texts and numbers joined to one text; what is not set is left out."""

    concat: tuple[Operand, ...] = Field(min_length=1, max_length=50)
    separator: _Word = Field(default="", description="What stands between two of them.")


class Round(_Part):
    """The number with so many digits after the point, half away from zero."""

    round: Operand
    digits: int = Field(default=0, ge=0, le=9, description="Digits after the point.")


_LITERAL = "a number, text or truth"


def _which(part: Any) -> str | None:
    """The operation that a formula as plain data means; None for what is none."""
    if isinstance(part, _Part):
        return type(part).__name__
    if isinstance(part, dict):
        return next((name for key, name in _BY_KEY.items() if key in part), None)
    return _LITERAL if isinstance(part, (bool, int, float, str)) else None


_BY_KEY = {
    "field": "Value", "cell": "Cell", "rows": "Rows", "sum": "Sum", "product": "Product", "difference": "Difference",
    "ratio": "Ratio", "minimum": "Minimum", "maximum": "Maximum", "count": "Count", "days_between": "DaysBetween",
    "if": "If", "concat": "Concat", "round": "Round",
}  # fmt: skip
_Operation = (
    Annotated[Value, Tag("Value")]
    | Annotated[Rows, Tag("Rows")]
    | Annotated[Sum, Tag("Sum")]
    | Annotated[Product, Tag("Product")]
    | Annotated[Difference, Tag("Difference")]
    | Annotated[Ratio, Tag("Ratio")]
    | Annotated[Minimum, Tag("Minimum")]
    | Annotated[Maximum, Tag("Maximum")]
    | Annotated[Count, Tag("Count")]
    | Annotated[DaysBetween, Tag("DaysBetween")]
    | Annotated[If, Tag("If")]
    | Annotated[Concat, Tag("Concat")]
    | Annotated[Round, Tag("Round")]
)
_Literal = StrictBool | StrictInt | StrictFloat | _Word
_CHOSEN = Discriminator(
    _which, custom_error_type="unknown_operation", custom_error_message="This is no formula"
)
OPERATIONS = tuple(_BY_KEY)
"""The keys of which a formula has one."""
Formula = Annotated[_Operation, _CHOSEN]
Operand = Annotated[
    _Operation | Annotated[Cell, Tag("Cell")] | Annotated[_Literal, Tag(_LITERAL)],
    _CHOSEN,
]
_OPERATIONS: tuple[type[_Part], ...] = (
    Rows, Sum, Product, Difference, Ratio, Minimum, Maximum, Count, DaysBetween, If, Concat, Round,
)  # fmt: skip
for _model in _OPERATIONS:
    _model.model_rebuild()
NUMERIC: tuple[type[_Part], ...] = (Sum, Product, Difference, Ratio, Minimum, Maximum, Round)
"""The operations that take numbers only."""
_OPERAND = frozenset({"value", "count", "then", "otherwise", "round"})
Place = tuple[str | int, ...]
"""Where something stands within a formula."""


class Computed(Protocol):
    """A field with a formula."""

    @property
    def key(self) -> str:
        """The key of the field."""
        ...

    @property
    def formula(self) -> Formula | None:
        """How its value comes about."""
        ...


def evaluate(formula: Operand | None, values: Mapping[str, Any]) -> Any:
    """The value of the formula for ``values`` (field path -> value): number, text, truth; None where there is none.

    It never raises. A list, which only rows and fields with several entries give, is no value of its own.
    """
    found = _plain(_evaluate(formula, values, {}))
    return None if isinstance(found, (list, dict)) else found


def compute(fields: Sequence[Computed], owner: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the computed fields of one owner (a step, or ``inputs``), each seeing those before it.

    ``values`` has every field by path, those just given included.
    """
    seen, found = dict(values), dict[str, Any]()
    for field in fields:
        found[field.key] = seen[f"{owner}.{field.key}"] = evaluate(field.formula, seen)
    return found


def reads(formula: Operand | None) -> Iterator[tuple[Place, str]]:
    """Every field that the formula reads, with its place in it."""
    for place, part, _ in walk(formula):
        match part:
            case Value(field=path):
                yield (*place, "field"), path
            case Rows(rows=path):
                yield (*place, "rows"), path
            case If():
                yield from (((*place, "if"), path) for path in sorted(fields_of(part.if_)))
            case _:
                pass


def cells(formula: Operand | None) -> Iterator[tuple[Place, str | None, str]]:
    """Every column that the formula reads, with its place and the table whose rows it sees (None: it sees none)."""
    for place, part, table in walk(formula):
        if isinstance(part, Cell):
            yield (*place, "cell"), table, part.cell


def walk(
    formula: Any, place: Place = (), table: str | None = None
) -> Iterator[tuple[Place, Any, str | None]]:
    """Every part of the formula with its place and the table whose rows it sees."""
    yield place, formula, table
    if not isinstance(formula, _OPERATIONS):
        return
    inner = formula.rows if isinstance(formula, Rows) else table
    for name in type(formula).model_fields:
        part = getattr(formula, name)
        if isinstance(part, tuple):
            for number, one in enumerate(part):
                yield from walk(one, (*place, name, number), inner)
        elif name in _OPERAND:
            yield from walk(part, (*place, name), inner)


# --- how it is worked out ---


def _evaluate(formula: Any, values: Mapping[str, Any], row: Mapping[str, Any]) -> Any:
    def of(part: Any) -> Any:
        return _evaluate(part, values, row)

    match formula:
        case Value(field=path):
            return values.get(path)
        case Cell(cell=key):
            return row.get(key)
        case Rows(rows=path, value=value):
            return [_evaluate(value, values, one) for one in _rows(values.get(path))]
        case If():
            return of(formula.then if holds(formula.if_, values) else formula.otherwise)
        case BaseModel():
            return _OPERATE[type(formula)](formula, of)
        case literal:
            return literal


def _numbers(parts: Iterable[Any], of: _Of) -> tuple[list[Decimal], bool]:
    """The numbers that the parts give, and whether every one of them is set."""
    found = [_number(one) for one in _flat(of(part) for part in parts)]
    known = [one for one in found if one is not None]
    return known, len(known) == len(found)


def _sum(formula: Sum, of: _Of) -> Decimal | None:
    known, _ = _numbers(formula.sum, of)
    return _fold(_EXACT.add, known) if known else None


def _product(formula: Product, of: _Of) -> Decimal | None:
    known, whole = _numbers(formula.product, of)
    return _fold(_EXACT.multiply, known) if known and whole else None


def _difference(formula: Difference, of: _Of) -> Decimal | None:
    known, whole = _numbers(formula.difference, of)
    return _EXACT.subtract(*known) if whole and len(known) == 2 else None


def _ratio(formula: Ratio, of: _Of) -> Decimal | None:
    known, whole = _numbers(formula.ratio, of)
    return _EXACT.divide(*known) if whole and len(known) == 2 and known[1] else None


def _joined(formula: Concat, of: _Of) -> str:
    parts = _flat(of(part) for part in formula.concat)
    return formula.separator.join(_text(one) for one in parts if _is_set(one))


_Of = Callable[[Any], Any]
_OPERATE: dict[type[BaseModel], Callable[[Any, _Of], Any]] = {
    Sum: _sum,
    Product: _product,
    Difference: _difference,
    Ratio: _ratio,
    Minimum: lambda formula, of: min(_numbers(formula.minimum, of)[0], default=None),
    Maximum: lambda formula, of: max(_numbers(formula.maximum, of)[0], default=None),
    Count: lambda formula, of: _count(of(formula.count)),
    DaysBetween: lambda formula, of: _days(*(of(part) for part in formula.days_between)),
    Concat: _joined,
    Round: lambda formula, of: _rounded(_number(of(formula.round)), formula.digits),
}


def _fold(step: Any, numbers: Sequence[Decimal]) -> Decimal:
    total = numbers[0]
    for one in numbers[1:]:
        total = step(total, one)
    return total


def _number(value: Any) -> Decimal | None:
    if isinstance(value, Decimal):
        return value if value.is_finite() else None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not -LARGEST <= value <= LARGEST:
        return None
    return Decimal(repr(value))


def _rounded(value: Decimal | None, digits: int) -> Decimal | None:
    if value is None or abs(value) > LARGEST:
        return None
    return value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP, _EXACT)


def _plain(value: Any) -> Any:
    """A number as JSON has it: whole where it is whole; None where it is too large."""
    if not isinstance(value, Decimal):
        return value
    if not value.is_finite() or abs(value) > LARGEST:
        return None
    return int(value) if value == value.to_integral_value() else float(value)


def _count(found: Any) -> int:
    entries = found if isinstance(found, (list, tuple)) else [found]
    return sum(1 for one in entries if _is_set(one))


def _days(first: Any, last: Any) -> int | None:
    days = _day(first), _day(last)
    return None if days[0] is None or days[1] is None else (days[1] - days[0]).days


def _day(value: Any) -> date | None:
    if not isinstance(value, str):
        return None
    try:
        return datetime.fromisoformat(value).date()
    except ValueError:
        return None


def _text(value: Any) -> str:
    plain = _plain(value)
    return ("yes" if plain else "no") if isinstance(plain, bool) else str(plain)


def _is_set(value: Any) -> bool:
    return value not in (None, "", [], (), {})


def _rows(table: Any) -> list[Mapping[str, Any]]:
    return [row for row in table if isinstance(row, dict)] if isinstance(table, list) else []


def _flat(found: Iterable[Any]) -> Iterator[Any]:
    for one in found:
        if isinstance(one, (list, tuple)):
            yield from _flat(one)
        else:
            yield one
