"""One text, and one hash, for one content: JSON values that mean the same are written the same way."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any


def canonical(value: Any) -> str:
    """The JSON text of a value: keys in order, nothing between, 7.0 as 7; true is not 1, a list has its order."""
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"))


def sha256_of(value: Any) -> str:
    """The SHA-256 of the canonical text, in hexadecimal."""
    return sha256(canonical(value).encode()).hexdigest()


def _plain(value: Any) -> Any:
    match value:
        case float() if value.is_integer():
            return int(value)
        case dict():
            return {str(key): _plain(part) for key, part in value.items()}
        case list() | tuple():
            return [_plain(part) for part in value]
        case _:
            return value
