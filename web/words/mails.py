"""What pages say of a mail: its state, to whom it goes, where its page is."""

from __future__ import annotations

from typing import Any

STATES: dict[str, tuple[str, str, str]] = {
    "queued": ("Queued", "ready", "work"),
    "sending": ("Sending", "work", "work"),
    "sent": ("Sent", "done", "done"),
    "unsent": ("Not sent: no address", "risk", "risk"),
    "skipped": ("Left to a later one", "skipped", "quiet"),
    "failed": ("Failed", "failed", "late"),
    "uncertain": ("Uncertain", "risk", "risk"),
    "withdrawn": ("Withdrawn", "cancelled", "quiet"),
}
"""The word, the shape and the tone of each state."""
_MOST_NAMED = 3


def mail_path(mail: Any) -> str:
    """The page of a mail."""
    return f"/outbox/{mail.run}/{mail.step or '-'}/{mail.round}/{mail.action}"


def recipients(mail: Any) -> str:
    """To whom a mail goes, the first of many by name."""
    if mail.to is None:
        return "To somebody in a run that is not yours"
    if not mail.to:
        return "To nobody: a later reminder went" if mail.state == "skipped" else "To nobody"
    more = len(mail.to) - _MOST_NAMED
    return f"To {', '.join(mail.to[:_MOST_NAMED])}" + (f" and {more} more" if more > 0 else "")


def why_no_text(mail: Any) -> str:
    """Why a mail has no text to show."""
    return {
        "skipped": "It was not sent: a later reminder of the step went instead.",
        "unsent": "It was not sent: nobody whom it is for has a mail address.",
    }.get(mail.state, "It has nobody to go to yet.")
