"""Field values as people read them on a page: one function for each kind of field; everything in them is escaped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, tzinfo
from typing import Any

from markupsafe import Markup, escape

from domain.comparing import is_set
from domain.document import Column, FormField
from domain.shown import amount
from domain.shown import shown as in_words
from web.words.people import is_somebody, who
from web.words.times import moment

Field = Mapping[str, Any]
"""A field of a form, or a column of a table, as answers hold it."""

NOTHING = Markup('<span class="muted">–</span>')
_TABLE = Markup(
    '<div class="scroll"><table class="rows"><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>'
)
_LONGEST_SIGNATURE = 200


def shown(value: Any, field: Field, zone: tzinfo, files_at: str = "") -> Markup:
    """The value of a field in the words of its kind; ``files_at`` is the address under which its files are given out.

    A value that does not fit the kind (of an older version) is told by what it is.
    """
    if not is_set(value):
        return NOTHING
    tell = _KINDS.get(field["kind"], _any)
    told = tell(value, field, zone, files_at)
    return _any(value, field, zone, files_at) if told is None else told


def plain(value: Any) -> str:
    """A value of which only the type is known, as text: nothing, yes or no, digits, names, lists of them."""
    if not is_set(value):
        return "–"
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, (int, float)):
        return amount(value, "number", None)
    if isinstance(value, Mapping):
        return (
            str(value["name"])
            if _is_file(value)
            else " · ".join(plain(part) for part in value.values() if is_set(part))
        )
    if isinstance(value, (list, tuple)):
        return ", ".join(plain(part) for part in value)
    return who(value) if is_somebody(str(value)) else str(value)


def in_text(value: Any, field: Field, zone: tzinfo) -> str:
    """The value of a field in the words of its kind, as text; nothing where there is none."""
    columns = tuple(Column.model_construct(**column) for column in field.get("columns") or ())
    known = FormField.model_construct(
        key="", title="", kind=field["kind"], unit=field.get("unit"), columns=columns
    )
    return in_words(known, value, zone, who)


def _is_file(value: Any) -> bool:
    return isinstance(value, Mapping) and "name" in value and "sha256" in value


def _any(value: Any, _field: Field, _zone: tzinfo, _at: str) -> Markup:
    return escape(plain(value))


def _number(value: Any, field: Field, _zone: tzinfo, _at: str) -> Markup | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return escape(amount(value, field["kind"], field.get("unit")))


def _day(value: Any, _field: Field, _zone: tzinfo, _at: str) -> Markup | None:
    try:
        return moment(date.fromisoformat(value))
    except (TypeError, ValueError):
        return None


def _instant(value: Any, _field: Field, zone: tzinfo, _at: str) -> Markup | None:
    """In the organisation's zone, as the form asks for it."""
    try:
        at = datetime.fromisoformat(value).astimezone(zone)
    except (TypeError, ValueError, OverflowError):
        return None
    return Markup('<time datetime="{}" data-as="given">{}</time>').format(
        at.isoformat(), f"{at:%-d %b %Y, %H:%M}{f':{at:%S}' if at.second else ''} ({zone})"
    )


def _text(value: Any, _field: Field, _zone: tzinfo, _at: str) -> Markup | None:
    if not isinstance(value, str):
        return None
    return Markup('<span class="lines">{}</span>').format(value) if "\n" in value else escape(value)


def _person(value: Any, _field: Field, _zone: tzinfo, _at: str) -> Markup | None:
    return escape(who(value)) if isinstance(value, str) else None


def _signature(value: Any, _field: Field, _zone: tzinfo, _at: str) -> Markup | None:
    if not isinstance(value, str):
        return None
    drawn = value.startswith("data:") or len(value) > _LONGEST_SIGNATURE
    return Markup("Signed") if drawn else Markup('<span class="signature">{}</span>').format(value)


def _link(value: Any, _field: Field, _zone: tzinfo, _at: str) -> Markup | None:
    if not isinstance(value, str) or not value.startswith(("https://", "http://")):
        return None
    return Markup('<a href="{0}" rel="noreferrer noopener">{0}</a>').format(value)


def _files(value: Any, _field: Field, _zone: tzinfo, at: str) -> Markup | None:
    if not isinstance(value, list) or not all(map(_is_file, value)):
        return None
    link = Markup('<a href="{}/{}" download>{}</a>')
    told = (link.format(at, file["sha256"], file["name"]) if at else escape(file["name"]) for file in value)
    return Markup(", ").join(told)


def _list(value: Any, _field: Field, _zone: tzinfo, _at: str) -> Markup | None:
    return escape(", ".join(map(plain, value))) if isinstance(value, list) else None


def _table(value: Any, field: Field, zone: tzinfo, at: str) -> Markup | None:
    columns = field.get("columns") or ()
    if not isinstance(value, list) or not columns or not all(isinstance(row, Mapping) for row in value):
        return None
    head = _joined('<th scope="col">{}</th>', (column["title"] for column in columns))
    rows = (
        _joined("<td>{}</td>", (shown(row.get(column["key"]), column, zone, at) for column in columns))
        for row in value
    )
    return _TABLE.format(head, _joined("<tr>{}</tr>", rows))


def _joined(each: str, parts: Iterable[Any]) -> Markup:
    return Markup("").join(Markup(each).format(part) for part in parts)  # noqa: S704 - ``each`` is ours, parts are escaped


_KINDS: Mapping[str, Callable[[Any, Field, tzinfo, str], Markup | None]] = {
    "text": _text, "long_text": _text, "email": _text, "phone": _text, "choice": _text,
    "number": _number, "money": _number, "date": _day, "datetime": _instant, "multi_choice": _list, "checklist": _list,
    "person": _person, "url": _link, "files": _files, "table": _table, "signature": _signature,
}  # fmt: skip
"""What is not named here (yes and no, computed values) is told by what it is."""
