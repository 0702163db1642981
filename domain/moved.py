"""What a mail says of runs that follow another version: which, and what is somebody's to do there. Never a value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domain.templates import one_line

_WORDS = {
    "ready": "for you",
    "asked": "something is missing in",
    "waiting": "has to wait again:",
    "withdrawn": "no longer yours",
}


def moved_text(facts: Mapping[str, Any], link: str) -> str:
    """One line for each run that the facts name, and how many more there are; ``link`` leads to all of one's work."""
    runs = [run for run in facts.get("runs") or () if isinstance(run, dict)]
    lines = [f"- {one_line(str(run.get('name', '')))}: {'; '.join(_told(run))}" for run in runs]
    more = count(facts) - len(runs)
    return "\n".join([*lines, f"- and {more} more: {link}"] if more > 0 else lines)


def count(facts: Mapping[str, Any]) -> int:
    """How many runs the mail tells of."""
    total = facts.get("total")
    return total if isinstance(total, int) else 0


def _told(run: Mapping[str, Any]) -> Iterator[str]:
    for what, words in _WORDS.items():
        if titles := run.get(what):
            yield f"{words} {', '.join(f'“{one_line(title)}”' for title in titles)}"
    if more := run.get("more"):
        yield f"and {more} more"
