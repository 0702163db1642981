"""Structured formulas of computed fields: plain data, no language to parse (domain.computing works them out)."""

from __future__ import annotations

from collections.abc import Iterator
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

from domain.condition import Condition, FieldPath, fields_of

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
    """The least of the numbers that are set; without any, the earliest of the dates."""

    minimum: tuple[Operand, ...] = Field(min_length=1, max_length=50)


class Maximum(_Part):
    """The greatest of the numbers that are set; without any, the latest of the dates."""

    maximum: tuple[Operand, ...] = Field(min_length=1, max_length=50)


class Count(_Part):
    """How many entries there are: rows of a table, choices made, entries ticked, files, values of rows that are set."""

    count: Operand


class DaysBetween(_Part):
    """Calendar days from the first date to the second; negative when the second comes first.

    An instant is on the day that it falls on where the organisation is.
    """

    days_between: tuple[Operand, ...] = Field(min_length=2, max_length=2)


class If(_Part):
    """One of two values, as a condition says."""

    if_: Condition = Field(alias="if", description="A condition, as in the when of a step.")
    then: Operand
    otherwise: Operand | None = Field(
        default=None, description="The value when the condition is false; none if left out."
    )


class Concat(_Part):
    """Texts and numbers joined to one text; what is not set is left out. What would be endless has no value."""

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
