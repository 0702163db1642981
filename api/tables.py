"""Rows as CSV that spreadsheets open safely: UTF-8 with a mark, every cell in quotes, none taken for a formula."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime
from io import StringIO
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

_BEGINS_FORMULA = frozenset("=+-@\N{MINUS SIGN}")
_UNSEEN = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})
"""Categories of characters that show nothing; what comes behind them may count as the beginning."""


def csv_response(name: str, header: Sequence[str], rows: Iterable[Sequence[Any]], position: int) -> Response:
    """The rows as a download called ``name``.csv."""
    text = StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)  # so that no separator of any country splits a cell
    writer.writerow(header)
    writer.writerows([_cell(value) for value in row] for row in rows)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}.csv",
        "Milepost-Position": str(position),
        "X-Content-Type-Options": "nosniff",
    }
    return Response("\ufeff" + text.getvalue(), 200, headers, "text/csv; charset=utf-8")


def _cell(value: Any) -> str:
    """A cell as text; a text that a spreadsheet would calculate gets a quote before it."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case int() | float():
            return str(value)
        case tuple() | list():
            return _cell(", ".join(map(str, value)))
        case _:
            text = str(value)
            return f"'{text}" if _is_formula(text) else text


def _is_formula(text: str) -> bool:
    """Whether a spreadsheet may calculate this text: by its first sign that is seen, full-width ones included."""
    if text[:1] in ("\t", "\r", "\n"):
        return True
    first = next((sign for sign in text if unicodedata.category(sign) not in _UNSEEN), "")
    return unicodedata.normalize("NFKC", first) in _BEGINS_FORMULA
