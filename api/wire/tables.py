"""Rows as CSV that spreadsheets open safely: UTF-8 with a mark, every cell in quotes, none taken for a formula."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime
from io import TextIOWrapper
from typing import IO, Any

_BEGINS_FORMULA = frozenset("=+-@\N{MINUS SIGN}")
_UNSEEN = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})
"""Categories of characters that show nothing; what comes behind them may count as the beginning."""


def write_csv(file: IO[bytes], header: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Write the rows into a file, one after the other; how many there were."""
    text = TextIOWrapper(file, "utf-8-sig", newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)  # so that no separator of any country splits a cell
    writer.writerow(header)
    count = 0
    for row in rows:
        writer.writerow([_cell(value) for value in row])
        count += 1
    text.detach()
    return count


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
