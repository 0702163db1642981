"""Small checks that decisions share: texts that people write, and words out of a closed list."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from domain.comparing import is_set
from domain.words import PRIORITIES, Priority, Rejected

LONGEST_LINE = 200
LONGEST_TEXT = 20_000
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_RESERVED_HEADERS = frozenset({
    "connection", "content-length", "host", "keep-alive", "proxy-authorization", "te", "trailer", "transfer-encoding",
    "upgrade", "webhook-id", "webhook-signature", "webhook-timestamp",
})  # fmt: skip


def line(name: str, text: str) -> str:
    """The text without blanks around it: one line of 1 to 200 characters; otherwise Rejected ``bad_text``."""
    stripped = text.strip()
    if not is_set(stripped) or len(stripped) > LONGEST_LINE or "\n" in stripped:
        raise Rejected(
            "bad_text",
            f"the {name} must be one line of 1 to {LONGEST_LINE} characters",
            field=name,
            longest=LONGEST_LINE,
        )
    return stripped


def words(name: str, text: str) -> str:
    """The text without blanks around it, 1 to 20,000 characters; otherwise Rejected ``bad_text``."""
    stripped = text.strip()
    if not is_set(stripped) or len(stripped) > LONGEST_TEXT:
        raise Rejected(
            "bad_text",
            f"the {name} must have 1 to {LONGEST_TEXT} characters",
            field=name,
            longest=LONGEST_TEXT,
        )
    return stripped


def priority_word(priority: Priority) -> Priority:
    """The priority itself when there is such a one; otherwise Rejected ``unknown_priority``."""
    if priority not in PRIORITIES:
        raise Rejected("unknown_priority", f"there is no priority {priority!r}", accepted=list(PRIORITIES))
    return priority


def distinct(texts: Iterable[str]) -> tuple[str, ...]:
    """The texts in their order, each once."""
    return tuple(dict.fromkeys(texts))


def may_set_header(name: Any) -> bool:
    """Whether this is the name of a header that a call may be given: one that is neither the connection's nor ours."""
    if not isinstance(name, str) or not _HEADER.fullmatch(name):
        return False
    return name.lower() not in _RESERVED_HEADERS and not name.lower().startswith("milepost-")
