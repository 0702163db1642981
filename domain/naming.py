"""How people are called in a sentence: ``person:dana`` is Dana."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=4_096)
def spoken(actor: str | None) -> str:
    """A person, group, guest or service as people call them; nobody is ``somebody``."""
    if not actor:
        return "somebody"
    kind, _, name = actor.rpartition(":")
    if kind == "system":
        return "Milepost"
    words = name.replace(".", " ").replace("_", " ").replace("-", " ").split()
    said = " ".join(word.capitalize() for word in words) or name
    return f"{said} ({kind})" if kind in ("guest", "service") else said
