"""What may be logged of an error: its kind and where it was raised, never its text, which may quote people's values."""

from __future__ import annotations

import traceback
from pathlib import PurePath
from typing import Any

import psycopg

OURS = ("workers.", "milepost.")
INNERMOST = 6


def described(error: BaseException) -> dict[str, Any]:
    """Kind, place and, of a database's refusal, which rule it was. Texts of our own errors are ours and tell more."""
    told: dict[str, Any] = {"reason": type(error).__name__, "raised_at": _places(error)}
    if isinstance(error, psycopg.Error):
        told |= {
            "sqlstate": error.sqlstate,
            "table": error.diag.table_name,
            "rule": error.diag.constraint_name,
        }
        told |= {"column": error.diag.column_name}
    elif type(error).__module__.startswith(OURS):
        told["text"] = str(error)
    if error.__cause__ is not None:
        told["because"] = type(error.__cause__).__name__
    return {name: value for name, value in told.items() if value is not None}


def _places(error: BaseException) -> list[str]:
    frames = traceback.extract_tb(error.__traceback__)[-INNERMOST:]
    return [
        f"{'/'.join(PurePath(frame.filename).parts[-2:])}:{frame.lineno} {frame.name}" for frame in frames
    ]
