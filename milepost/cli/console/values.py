"""Values given on the command line: `key=value` pairs, JSON where it is JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from milepost.cli.console.output import BAD_INPUT, fail


def pairs(given: list[str], option: str) -> dict[str, Any]:
    """Read ``key=value``; a value that is JSON (a number, true, a list in brackets) is taken as such, else as text."""
    found: dict[str, Any] = {}
    for text in given:
        key, sign, value = text.partition("=")
        if not sign or not key:
            fail(f"{option} does not accept {text!r}: it takes key=value", BAD_INPUT)
        found[key] = _value(value, option)
    return found


def _value(text: str, option: str) -> Any:
    if text.startswith("@"):
        try:
            return orjson.loads(Path(text[1:]).read_bytes())
        except (OSError, orjson.JSONDecodeError) as error:
            fail(f"{option}: {text[1:]} cannot be read as JSON: {error}", BAD_INPUT)
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    # an id of many digits is no number: as one it would lose its last digits
    return text if isinstance(found, float) and text.lstrip("-").isdecimal() else found
