"""What becomes of a value when its field changes its kind: converted where nothing is lost, else kept as a note."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from domain import texts
from domain.comparing import is_set, same
from domain.document import FieldKind, FormField
from domain.run.values import problems

_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,14})")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,14})\.[0-9]{0,14}[1-9]")
_WORDS = {"true": True, "false": False}


class Converted(NamedTuple):
    """A value in its field's new form; not ``whole``: the new field cannot hold it, and it is to be given again."""

    value: Any
    whole: bool


def converted(old: FormField, new: FormField, value: Any) -> Converted:
    """The value of ``old`` as a value of ``new``; nothing is ever rounded, cut or guessed."""
    if not is_set(value):
        return Converted(value, whole=True)
    found = _turned(old.kind, new.kind, value)
    if found is not None and not problems((new,), {new.key: found}):
        return Converted(found, whole=True)
    return Converted(None, whole=False)


def _turned(old: FieldKind, new: FieldKind, value: Any) -> Any:
    """The value by the table; None where the table has no way or this value would lose something on it."""
    if old == new:
        return value
    turn = TABLE.get((old, new))
    try:
        return None if turn is None else turn(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _same(value: Any) -> Any:
    return value


def _written(value: Any) -> Any:
    """A number as people write it; only when reading it again gives the same number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    text = str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(value)
    return text if same(_number(text), value) or _number(text) == value else None


def _number(value: Any) -> Any:
    if not isinstance(value, str):
        return None
    if _WHOLE.fullmatch(value):
        return int(value)
    return float(value) if _DECIMAL.fullmatch(value) and repr(float(value)) == value else None


def _yes_no_text(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else None


def _yes_no(value: Any) -> Any:
    return _WORDS.get(value) if isinstance(value, str) else None


def _day(value: Any) -> Any:
    return texts.day(value).isoformat() if isinstance(value, str) else None


def _instant(value: Any) -> Any:
    return value if isinstance(value, str) and texts.instant(value).tzinfo is not None else None


def _one_of(value: Any) -> Any:
    return [value] if isinstance(value, str) else None


def _only_one(value: Any) -> Any:
    return value[0] if isinstance(value, list) and len(value) == 1 else None


_TEXTS: tuple[FieldKind, ...] = (
    "text",
    "long_text",
    "choice",
    "email",
    "phone",
    "url",
    "person",
    "signature",
)
_LISTS: tuple[FieldKind, ...] = ("multi_choice", "checklist")
_NUMBERS: tuple[FieldKind, ...] = ("number", "money")

TABLE: dict[tuple[FieldKind, FieldKind], Callable[[Any], Any]] = {
    **{(old, new): _same for old in _TEXTS for new in _TEXTS if old != new},
    **{(old, new): _same for old in _NUMBERS for new in _NUMBERS if old != new},
    **{(old, new): _same for old in _LISTS for new in _LISTS if old != new},
    **{(old, new): _written for old in _NUMBERS for new in ("text", "long_text", "choice")},
    **{(old, new): _number for old in ("text", "long_text", "choice") for new in _NUMBERS},
    **{("yes_no", new): _yes_no_text for new in ("text", "long_text", "choice")},
    **{(old, "yes_no"): _yes_no for old in ("text", "long_text", "choice")},
    **{(old, new): _same for old in ("date", "datetime") for new in ("text", "long_text")},
    **{(old, "date"): _day for old in ("text", "long_text")},
    **{(old, "datetime"): _instant for old in ("text", "long_text")},
    **{(old, new): _one_of for old in ("text", "choice") for new in _LISTS},
    **{(old, new): _only_one for old in _LISTS for new in ("text", "choice")},
}
"""Which kinds turn into which, and how; a pair without an entry keeps the old value as a note. What comes out still has
to be what the new field accepts (its choices, its limits, its form)."""
