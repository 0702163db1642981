"""Statements of the store that are kept in .sql files, in named blocks."""

from __future__ import annotations

from importlib.resources import files


def blocks(name: str) -> dict[str, bytes]:
    """The statements of NAME.sql; each begins with a line ``-- name: KEY``."""
    text = files("store").joinpath(f"{name}.sql").read_text("utf-8")
    parts = (part.partition("\n") for part in text.split("-- name: ")[1:])
    return {head.strip(): body.strip().encode() for head, _, body in parts}
