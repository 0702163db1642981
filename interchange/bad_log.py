"""How a file that cannot be imported is refused: with its line and with what would be accepted."""

from __future__ import annotations


class BadLog(Exception):
    """The file cannot be imported; nothing was. ``line`` is the line in the (unpacked) file, if there is one."""

    def __init__(self, reason: str, *, line: int | None = None, accepted: str | None = None) -> None:
        """``accepted`` says what would have been accepted in this place."""
        where = f"line {line}: " if line is not None else ""
        super().__init__(where + reason + (f" (accepted: {accepted})" if accepted else ""))
        self.reason = reason
        self.line = line
        self.accepted = accepted
