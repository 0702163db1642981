"""Field values as people read them on a page: links to files, tables as tables, the rest in words; all escaped."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

from markupsafe import Markup, escape

from domain.document import Column, FormField
from domain.shown import shown as in_words
from web import words

Field = Mapping[str, Any]
"""A field of a form, or a column of a table, as answers hold it."""

NOTHING = Markup('<span class="muted">–</span>')
_TABLE = Markup(
    '<div class="scroll"><table class="rows"><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>'
)


def shown(value: Any, field: Field, zone: tzinfo, files_at: str = "") -> Markup:
    """The value of a field in the words of its kind; ``files_at`` is the address under which its files are given."""
    match field["kind"], value:
        case "table", [*rows] if (
            rows and field.get("columns") and all(isinstance(row, Mapping) for row in rows)
        ):
            return _table(rows, field["columns"], zone, files_at)
        case "files", [*files] if files and all(
            isinstance(file, Mapping) and "sha256" in file for file in files
        ):
            return Markup(", ").join(_link(file, files_at) for file in files)
        case _:
            return escape(plain(value, field, zone)) or NOTHING


def plain(value: Any, field: Field, zone: tzinfo) -> str:
    """The same as text; nothing where there is none."""
    columns = tuple(Column.model_construct(**column) for column in field.get("columns") or ())
    known = FormField.model_construct(
        key="", title="", kind=field["kind"], unit=field.get("unit"), columns=columns
    )
    return in_words(known, value, zone, words.who)


def _link(file: Mapping[str, Any], at: str) -> Markup:
    if not at:
        return escape(file["name"])
    return Markup('<a href="{}/{}" download>{}</a>').format(at, file["sha256"], file["name"])


def _table(rows: list[Any], columns: list[Field], zone: tzinfo, at: str) -> Markup:
    head = (Markup('<th scope="col">{}</th>').format(column["title"]) for column in columns)
    body = (
        Markup("<tr>{}</tr>").format(
            Markup("").join(
                Markup("<td>{}</td>").format(shown(row.get(column["key"]), column, zone, at))
                for column in columns
            )
        )
        for row in rows
    )
    return _TABLE.format(Markup("").join(head), Markup("").join(body))
