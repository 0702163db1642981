"""Reads what the settings about mails and links hold; each raises ValueError for what it does not accept."""

from __future__ import annotations

from re import fullmatch
from urllib.parse import urlsplit

MAIL_SCHEMES = ("smtp", "starttls", "smtps")
_SHORTEST_SECRET = 16


def mail_server_of(text: str) -> str:
    """The URL of a mail server."""
    if urlsplit(text).scheme not in MAIL_SCHEMES or not urlsplit(text).hostname:
        raise ValueError("not the URL of a mail server")
    return text


def sender_of(text: str) -> str:
    """An address, or a name with an address in angle brackets."""
    if not fullmatch(r"([^<>@\r\n]*<[^@\s<>]+@[^@\s<>]+>)|[^@\s<>]+@[^@\s<>]+", text):
        raise ValueError("no address in it")
    return text


def link_secret_of(text: str) -> str:
    """A secret that is not guessed."""
    if len(text) < _SHORTEST_SECRET:
        raise ValueError("too short")
    return text
