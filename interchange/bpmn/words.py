"""The words of a draft: keys, titles, instructions, and when a timer ends."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from interchange.bpmn.model import Node

LONGEST_TITLE, LONGEST_KEY = 200, 48
_LOOKS_LIKE = str.maketrans({"l": "1", "i": "1", "o": "0", "_": None})
_RESERVED = frozenset({"inputs", "role", "run", "guest_link"})
_DURATION = re.compile(r"P(?:(\d{1,4})W)?(?:(\d{1,4})D)?(?:T(?:(\d{1,4})H)?)?")
_GENERIC = re.compile(r"(?:end|ende|fin|stop|finish|finished|done)(?:\W*event)?\W*\d*", re.IGNORECASE)

BY_HAND = {
    "sendTask": "The model sends a message here. Make it a step of kind email once its recipient and text are known.",
    "serviceTask": "The model has a service do this. Make it a step of kind http once the address is known.",
    "scriptTask": "The model has a script do this. Make it a step of kind http once a service does it.",
    "businessRuleTask": "The model has business rules decide this. Make it a step of kind http once a service does it.",
    "callActivity": "The model calls another process here. Make it a step of kind run once that process is published.",
}
"""What a person does in the draft although a machine does it in the model, and what to make of it."""

THROWN = "The model sends a {trigger} here. Tell those who wait for it, or make it a step of kind http."


class Keys:
    """Gives out keys: each one once, and none that can be mistaken for another."""

    def __init__(self) -> None:
        self._taken = {_plain(key) for key in _RESERVED}

    def take(self, name: str, otherwise: str) -> str:
        """A key for the name; for the other word where the name has no Latin letter."""
        base = key_of(name) or key_of(otherwise) or "step"
        number, key = 1, base
        while _plain(key) in self._taken:
            number += 1
            key = f"{base}_{number}"
        self._taken.add(_plain(key))
        return key


def _plain(key: str) -> str:
    return key.translate(_LOOKS_LIKE)


def key_of(name: str) -> str:
    """The name in lower-case ASCII letters, digits and underscores, cut between words; empty without a letter."""
    plain = unicodedata.normalize("NFKD", name.replace("ß", "ss")).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "_", plain).strip("_").lstrip("0123456789_")
    if len(words) <= LONGEST_KEY:
        return words
    return words[:LONGEST_KEY].rpartition("_")[0] or words[:LONGEST_KEY]


def short(text: str) -> str:
    """A title: on one line, cut where it is too long."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_TITLE else f"{line[: LONGEST_TITLE - 1]}…"


def says_something(name: str) -> bool:
    """Whether the name of an end is more than the word for an end."""
    return bool(name) and _GENERIC.fullmatch(name.strip()) is None


def title_of(node: Node) -> str:
    """The name of a node, or what it is."""
    return short(node.name or node.detail or _spoken(node.kind))


def _spoken(kind: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind).capitalize()


def instructions(node: Node) -> list[str]:
    """What the model says about a node, and what a person has to know who does it."""
    found = list(node.texts)
    if node.needs:
        found.append(f"Needs: {', '.join(node.needs)}.")
    if node.produces:
        found.append(f"Produces: {', '.join(node.produces)}.")
    if node.performers:
        found.append(f"Done by: {', '.join(node.performers)}.")
    if node.repeats == "once for each":
        found.append("Once for each of them; the step is done when all are.")
    elif node.repeats:
        found.append("Again until it is right.")
    if node.kind in BY_HAND:
        found.append(BY_HAND[node.kind] + (f" It is called “{node.detail}”." if node.detail else ""))
    return found


def waiting(node: Node, key: str) -> dict[str, Any] | None:
    """What a step waits for that stands for this event; None where only a person can say that it happened."""
    if node.kind == "receiveTask" or node.trigger in ("message", "signal"):
        return {"event": key_of(node.detail) or key_of(node.name) or key}
    if node.trigger == "timer" and (offset := duration(node.detail)) is not None:
        return {"until": {"anchor": {"step_ready": key}, **offset}}
    return None


def duration(expression: str) -> dict[str, Any] | None:
    """An ISO 8601 duration in weeks, days and hours as an offset; None for anything else."""
    found = _DURATION.fullmatch(expression.strip())
    if found is None or not any(found.groups()):
        return None
    weeks, days, hours = (int(part or 0) for part in found.groups())
    days += 7 * weeks
    if hours:
        return {"offset": 24 * days + hours, "unit": "hours"}
    return {"offset": days, "unit": "calendar_days"}
