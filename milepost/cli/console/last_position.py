"""What a person has just done is there when they look: the position of the last command, per server."""

from __future__ import annotations

from pathlib import Path

from milepost.embedded.files import private_directory, read_json, write_json


def remembered(file: Path, url: str) -> int | None:
    """The position of the last command that this user gave to the server at ``url``; None when none is known."""
    stored = read_json(file) or {}
    position = stored.get("position")
    return position if isinstance(position, int) and stored.get("url") == url else None


def remember(file: Path, url: str, position: int) -> None:
    """Keep the position of a command; an earlier one stays when it is higher."""
    private_directory(file.parent)
    write_json(file, {"url": url, "position": max(position, remembered(file, url) or 0)})


def forget(file: Path) -> None:
    """The server has another log now."""
    file.unlink(missing_ok=True)
