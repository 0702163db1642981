"""Small logs for tests, and the real ones where they are."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import orjson
import pytest

MAPS = Path(__file__).parent / "maps"
HEADER = "case:concept:name,concept:name,lifecycle:transition,org:resource,time:timestamp"


def real(folder: str, file: str) -> Path:
    """A file of the real logs; the test is skipped where they are not."""
    default = Path(__file__).parents[2].parent / "shared" / "data"
    path = Path(os.environ.get("MILEPOST_DATA", default)) / folder / file
    if not path.exists():
        pytest.skip(
            f"the real logs are not here: set MILEPOST_DATA to the directory that has {folder}/{file}"
        )
    return path


def expected(folder: str) -> dict[str, Any]:
    """The independently computed answers for a real log."""
    found: dict[str, Any] = orjson.loads(real(folder, "expected.json").read_bytes())
    return found


def csv_log(path: Path, *rows: str, header: str = HEADER) -> Path:
    """A CSV log of these rows."""
    path.write_text("\n".join((header, *rows)) + "\n", "utf-8")
    return path


def xes_event(activity: str, time: str, transition: str = "complete", actor: str | None = None) -> str:
    """One event in XES."""
    resource = f'<string key="org:resource" value="{actor}"/>' if actor else ""
    return (
        f'<event><string key="concept:name" value="{activity}"/><date key="time:timestamp" value="{time}"/>'
        f'<string key="lifecycle:transition" value="{transition}"/>{resource}</event>'
    )


def xes_log(path: Path, cases: dict[str, list[str]], before: str = "") -> Path:
    """An XES log: events by case."""
    traces = "\n".join(
        f'<trace><string key="concept:name" value="{case}"/>{"".join(events)}</trace>'
        for case, events in cases.items()
    )
    path.write_text(
        f'<?xml version="1.0"?>\n{before}<log xmlns="http://www.xes-standard.org/">\n{traces}\n</log>\n'
    )
    return path
