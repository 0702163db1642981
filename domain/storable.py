"""What of other systems' JSON can be kept: judged by its shape, before anything is made of it."""

from __future__ import annotations

import re
from math import isfinite
from typing import Any

MOST_DEPTH = 32
MOST_INTEGER_DIGITS = 30
"""Ids that are numbers are shorter; Python itself refuses more than 4,300 digits, and databases far fewer."""

_HALF = re.compile("[\ud800-\udfff]")


def unstorable(value: Any) -> str | None:
    """Why a JSON value cannot be kept; None when it can. It looks at every part once, however deep it is nested."""
    level, depth = [value], 0
    while level:
        found = next((why for one in level if (why := _wrong(one)) is not None), None)
        if found is not None:
            return found
        level = [part for one in level for part in _parts(one)]
        depth += 1
        if level and depth > MOST_DEPTH:
            return f"it is nested more than {MOST_DEPTH} deep"
    return None


def text_that_can_be_kept(text: str, longest: int = 2_000) -> str:
    """What another system said, as it can be shown and kept: halves of characters and NUL are �, the rest is cut."""
    kept = _HALF.sub("\ufffd", text).replace("\x00", "\ufffd")
    return kept if len(kept) <= longest else f"{kept[: longest - 1]}…"


def _parts(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [*value.keys(), *value.values()]
    return list(value) if isinstance(value, (list, tuple)) else []


def _wrong(value: Any) -> str | None:
    match value:
        case None | bool() | dict() | list() | tuple():
            return None
        case str():
            if "\x00" in value:
                return "a text of it holds the character U+0000"
            return (
                "a text of it holds half of a character (a lone surrogate)" if _HALF.search(value) else None
            )
        case int():
            return (
                None
                if abs(value) < 10**MOST_INTEGER_DIGITS
                else f"a number of it has over {MOST_INTEGER_DIGITS} digits"
            )
        case float():
            return None if isfinite(value) else "a number of it is not finite"
        case _:
            return f"a value of it is no JSON ({type(value).__name__})"
