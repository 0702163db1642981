"""Works out the formulas of computed fields: total, exact in decimals, within a budget counted before it is spent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, tzinfo
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from pydantic import BaseModel

from domain.comparing import first_of, is_set, local_day, moment
from domain.condition import holds, size
from domain.formula import (
    Cell,
    Computed,
    Concat,
    Count,
    DaysBetween,
    Difference,
    If,
    Maximum,
    Minimum,
    Operand,
    Product,
    Ratio,
    Round,
    Rows,
    Sum,
    Value,
)

LARGEST = 10**15
"""Numbers beyond this have no exact cents any more; what would be larger has no value."""
LONGEST = 100_000
"""Characters that the formulas of one form may make together; what would be longer has no value."""
_MOST_STEPS = 100_000
"""Parts and entries that they may look at together: tables within tables would be looked at without end."""
_DEEPEST = 64
"""Parts within parts that they may go down into."""
_EXACT = Context(prec=34, traps=[])


class Spent(Exception):
    """The formulas would take more than they may."""


class Budget:
    """What the formulas of one form may still take; counted before anything is built."""

    def __init__(self, steps: int = _MOST_STEPS, characters: int = LONGEST) -> None:
        self.steps, self.characters = steps, characters
        self._depth = 0

    @contextmanager
    def deeper(self) -> Iterator[None]:
        """Go down into a part. Raises Spent."""
        self._depth += 1
        try:
            if self._depth > _DEEPEST:
                raise Spent
            yield
        finally:
            self._depth -= 1

    def look(self, count: int) -> None:
        """Look at so many parts or entries. Raises Spent."""
        self.steps -= count
        if self.steps < 0:
            raise Spent

    def write(self, characters: int) -> None:
        """Make a text so much longer. Raises Spent."""
        self.characters -= characters
        if self.characters < 0:
            raise Spent


def evaluate(
    formula: Operand | None, values: Mapping[str, Any], zone: tzinfo, budget: Budget | None = None
) -> Any:
    """The value of the formula for ``values`` (field path -> value): number, text, truth; None where there is none.

    It never raises, and what would take more than the budget has no value. A list, which only rows and fields with
    several entries give, is no value of its own. ``zone`` is the organisation's: it says on which day an instant falls.
    """
    try:
        found = _plain(_Of(values, {}, zone, budget or Budget())(formula))
    except Spent:
        return None
    return None if isinstance(found, (list, dict)) else found


def compute(
    fields: Sequence[Computed], owner: str, values: Mapping[str, Any], zone: tzinfo
) -> dict[str, Any]:
    """The values of the computed fields of one owner (a step, or ``inputs``), each seeing those before it.

    ``values`` has every field by path, those just given included.
    """
    seen, found, budget = dict(values), dict[str, Any](), Budget()
    for field in fields:
        found[field.key] = seen[f"{owner}.{field.key}"] = evaluate(field.formula, seen, zone, budget)
    return found


# --- how it is worked out ---


class _Of:
    """Gives the value of a part of a formula, where it stands: with these values, in this row, within this budget."""

    def __init__(
        self, values: Mapping[str, Any], row: Mapping[str, Any], zone: tzinfo, budget: Budget
    ) -> None:
        self._values, self._row, self.zone, self.budget = values, row, zone, budget

    def __call__(self, part: Any) -> Any:
        """The value; every entry of a list counts, for somebody will go over them."""
        self.budget.look(1)
        with self.budget.deeper():
            found = self._evaluate(part)
        if isinstance(found, (list, tuple)):
            self.budget.look(len(found))
        return found

    def _evaluate(self, part: Any) -> Any:
        match part:
            case Value(field=path):
                return self._values.get(path)
            case Cell(cell=key):
                return self._row.get(key)
            case Rows(rows=path, value=value):
                rows = _rows(self._values.get(path))
                return [_Of(self._values, row, self.zone, self.budget)(value) for row in rows]
            case If():
                self.budget.look(size(part.if_))
                return self(part.then if holds(part.if_, self._values, self.zone) else part.otherwise)
            case BaseModel():
                return _OPERATE[type(part)](part, self)
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


def _extreme(parts: Sequence[Any], of: _Of, *, last: bool) -> Any:
    """The least or greatest of the numbers; where there is none, the earliest or latest of the days and instants."""
    found = list(_flat(of(part) for part in parts))
    known = [number for one in found if (number := _number(one)) is not None]
    if known:
        return max(known) if last else min(known)
    return first_of(found, of.zone, last=last)


def _joined(formula: Concat, of: _Of) -> str:
    parts: list[str] = []
    for one in _flat(of(part) for part in formula.concat):
        if one not in (None, "", {}):
            parts.append(_text(one))
            of.budget.write(len(parts[-1]) + len(formula.separator))
    return formula.separator.join(parts)


_OPERATE: dict[type[BaseModel], Callable[[Any, _Of], Any]] = {
    Sum: _sum,
    Product: _product,
    Difference: _difference,
    Ratio: _ratio,
    Minimum: lambda formula, of: _extreme(formula.minimum, of, last=False),
    Maximum: lambda formula, of: _extreme(formula.maximum, of, last=True),
    Count: lambda formula, of: _count(of(formula.count)),
    DaysBetween: lambda formula, of: _days(*map(of, formula.days_between), zone=of.zone),
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
    return sum(1 for one in entries if is_set(one))


def _days(first: Any, last: Any, *, zone: tzinfo) -> int | None:
    days = _day(first, zone), _day(last, zone)
    return None if days[0] is None or days[1] is None else (days[1] - days[0]).days


def _day(value: Any, zone: tzinfo) -> date | None:
    found = moment(value)
    return None if found is None else local_day(found, zone)


def _text(value: Any) -> str:
    plain = _plain(value)
    return ("yes" if plain else "no") if isinstance(plain, bool) else str(plain)


def _rows(table: Any) -> list[Mapping[str, Any]]:
    return [row for row in table if isinstance(row, dict)] if isinstance(table, list) else []


def _flat(found: Iterable[Any]) -> Iterator[Any]:
    for one in found:
        if isinstance(one, (list, tuple)):
            yield from _flat(one)
        else:
            yield one
