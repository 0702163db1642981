"""Where a card goes: people name the card beside it, the interface wants the ranks around the place."""

from __future__ import annotations

from typing import Any

from milepost.cli.console.client import ask
from milepost.cli.console.output import BAD_INPUT, fail

_MOST = 500


def project_of(task: str) -> str:
    """The project on whose board a task stands."""
    found: str = ask(f"/v1/tasks/{task}")["card"]["project"]
    return found


def column(project: str, stage: str | None) -> dict[str, Any]:
    """A column of a project's board by its key, or the first; with all of its open cards."""
    found = _column(ask(f"/v1/projects/{project}/board", stage=stage, limit=_MOST), stage)
    following = found["next_after"]
    while following is not None:
        asked = {"stage": found["key"], "limit": _MOST, "after": following}
        page = _column(ask(f"/v1/projects/{project}/board", **asked), found["key"])
        found["cards"] += page["cards"]
        following = page["next_after"]
    return found


def _column(board: dict[str, Any], stage: str | None) -> dict[str, Any]:
    columns: list[dict[str, Any]] = board["columns"]
    if stage is None:
        return columns[0]
    found = next((each for each in columns if each["key"] == stage), None)
    if found is None:
        keys = ", ".join(each["key"] for each in columns)
        fail(f"the board has no stage {stage}; there are {keys}", BAD_INPUT)
    return found


def place(
    found: dict[str, Any], card: str | None = None, above: str | None = None, below: str | None = None
) -> dict[str, str | None]:
    """The ranks around a place in a column: above or below another card, else last. ``card`` itself does not count."""
    ranked = [each for each in found["cards"] if each["rank"] and each["id"] != card and not each["ended_at"]]
    at = len(ranked)
    if beside := above or below:
        at = _index(ranked, beside) + (0 if above else 1)
    return {
        "after": ranked[at - 1]["rank"] if at else None,
        "before": ranked[at]["rank"] if at < len(ranked) else None,
    }


def _index(cards: list[dict[str, Any]], card: str) -> int:
    ids = [each["id"] for each in cards]
    if card not in ids:
        fail(f"no card {card} with a place of its own stands in this column", BAD_INPUT)
    return ids.index(card)
